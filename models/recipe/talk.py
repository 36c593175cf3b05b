"""Stage `talk`: ten conversations of five turns with each file, through hiss, unedited.

They are kept as hiss keeps them, journals below transcripts/ (or --out): `HISS_HOME=models/recipe/transcripts hiss chats
list` names them, `hiss chats show student-01` prints one. Side by side they go to stdout, as Markdown. Sampled as hiss does by
default.
"""
import argparse
import os
import shutil

import hiss
import places

CONVERSATIONS = (
    ('hi', 'who are you', 'what can you do', 'tell me a joke', 'thanks'),
    ('In which city is the Eiffel Tower?', 'What is the city famous for?', 'How many people live there?', 'Which river runs through it?', 'Say that in one sentence.'),
    ('My name is Clara and I have two cats, Momo and Pip.', 'Which names did I just tell you?', 'Write one sentence about my cats.', 'What is my name?', 'Goodbye!'),
    ('Give me three tips for sleeping better.', 'Explain the second one.', 'I drink coffee at 8 pm. Is that a problem?', 'What could I drink instead?', 'Thanks, good night.'),
    ('Summarize in one sentence: The cat sat on the mat all day because it was raining outside and it did not want to get wet.', 'Make it shorter.', 'Now as a question.', 'Why was the cat inside?', 'Give the cat a name.'),
    ('Correct this: he go to school yesterday and buyed a book', 'What did you change?', 'Write it in the present tense.', 'Make it polite.', 'Is "buyed" a word?'),
    ('Write a short poem about the sea.', 'Give it a title.', 'Now one about a mountain.', 'Which do you like better?', 'ok'),
    ('How do I list files in a folder on Linux?', 'And hidden ones?', 'How do I count them?', 'What does ls -l show?', 'cool'),
    ('What is 2 + 2?', 'And 7 times 6?', 'Explain what a computer is to a child.', 'What is the largest ocean on Earth?', 'Are you sure?'),
    ("I feel a bit sad today.", "I failed an exam.", "What should I do tomorrow?", "That helps.", "What is the date today?"),
)



def converse(home, name, path, turns, tokens, options):
    """One conversation, begun anew: [Reply]. The journal names the model by its file alone, whatever folder it lies in."""
    journal = os.path.join(home, 'data', 'chats', name + '.jsonl')
    if os.path.exists(journal):
        os.unlink(journal)
    folder, file = os.path.split(os.path.abspath(path))
    return [hiss.ask('./' + file, turn, tokens, '--chat', name, *options, folder=folder, home=home) for turn in turns]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('files', nargs='+', help='name=file.gguf, such as teacher=... student=...')
    p.add_argument('--conversations', type=int, default=len(CONVERSATIONS))
    p.add_argument('--tokens', type=int, default=200, help='longest reply')
    p.add_argument('--seed', default='1')
    p.add_argument('--temperature', help='default: hiss\'s own')
    p.add_argument('--system', help='system text (default: each template\'s own)')
    p.add_argument('--out', default=os.path.join(places.HERE, 'transcripts'), help='a HISS_HOME')
    args = p.parse_args()
    files = dict(item.split('=', 1) for item in args.files)
    options = ['--seed', args.seed]
    for option, value in (('--temp', args.temperature), ('--system', args.system)):
        options += [option, value] if value is not None else []
    home, chats = os.path.abspath(args.out), list(enumerate(CONVERSATIONS[:args.conversations]))
    jobs = [(name, i, turns) for name in files for i, turns in chats]
    talk = lambda job: converse(home, f'{job[0]}-{job[1] + 1:02d}', files[job[0]], job[2], args.tokens, options)
    made = dict(zip(((name, i) for name, i, _ in jobs), hiss.side_by_side(talk, jobs)))
    shutil.rmtree(os.path.join(home, 'cache'), ignore_errors=True)           # kept states: made again from the journals
    for i, turns in chats:
        print(f'\n## Conversation {i + 1}\n')
        for t, turn in enumerate(turns):
            print(f'**You:** {turn}\n')
            for name in files:
                reply = made[name, i][t]
                print(f'*{name}:* {reply.text.strip()}{"" if reply.ended else " [cut]"}\n')


if __name__ == '__main__':
    main()
