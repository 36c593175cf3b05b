"""Stage `talk`: conversations of several turns with teacher and student, side by side, as Markdown; unedited.

Runs the finished GGUF files in llama.cpp, greedy unless --temperature, with each file's own chat template.
"""
import argparse

from llama_cpp import Llama

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


def converse(llama, turns, tokens, temperature, system):
    messages = [{'role': 'system', 'content': system}] if system else []
    for turn in turns:
        messages.append({'role': 'user', 'content': turn})
        out = llama.create_chat_completion(messages, max_tokens=tokens, temperature=temperature, seed=1)['choices'][0]
        mark = '' if out['finish_reason'] == 'stop' else ' [cut]'
        messages.append({'role': 'assistant', 'content': out['message']['content']})
        yield turn, out['message']['content'].strip() + mark


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('files', nargs='+', help='name=file.gguf, such as teacher=... student=...')
    p.add_argument('--conversations', type=int, default=len(CONVERSATIONS))
    p.add_argument('--tokens', type=int, default=160)
    p.add_argument('--temperature', type=float, default=0.)
    p.add_argument('--system', default='', help='system text (default: the template\'s)')
    p.add_argument('--threads', type=int, default=2)
    args = p.parse_args()
    made = {}
    for item in args.files:
        name, path = item.split('=', 1)
        llama = Llama(path, n_ctx=4096, n_threads=args.threads, verbose=False)
        for i, turns in enumerate(CONVERSATIONS[:args.conversations]):
            made[name, i] = list(converse(llama, turns, args.tokens, args.temperature, args.system))
    for i, turns in enumerate(CONVERSATIONS[:args.conversations]):
        print(f'\n## Conversation {i + 1}\n')
        for t, turn in enumerate(turns):
            print(f'**User:** {turn}\n')
            for item in args.files:
                name = item.split('=', 1)[0]
                print(f'*{name}:* {made[name, i][t][1]}\n')


if __name__ == '__main__':
    main()
