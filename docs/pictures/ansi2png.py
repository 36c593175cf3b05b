"""Draws what `tmux capture-pane -e -p` prints as a picture: ansi2png.py OUT.png COLS < captured. Needs Pillow and DejaVu
Sans Mono; only for the pictures of README."""
import re
import sys
import unicodedata

from PIL import Image, ImageDraw, ImageFont

FONTS = '/usr/share/fonts/truetype/dejavu/DejaVuSansMono'
SIZE, LINE, PAD = 15, 19, 12
PAPER, INK = (24, 26, 31), (214, 217, 222)
COLOURS = [(60, 63, 70), (224, 108, 117), (152, 195, 121), (222, 184, 104), (97, 160, 230), (198, 120, 221), (86, 190, 200), INK]


def style(codes, now):
    for c in codes or [0]:
        if c == 0:
            now = {}
        elif c in (1, 2, 3, 4, 7):
            now = {**now, c: True}
        elif c == 22:
            now = {k: v for k, v in now.items() if k not in (1, 2)}
        elif c in (23, 24, 27):
            now = {k: v for k, v in now.items() if k != c - 20}
        elif 30 <= c <= 37:
            now = {**now, 'ink': COLOURS[c - 30]}
        elif 90 <= c <= 97:
            now = {**now, 'ink': COLOURS[c - 90]}
        elif c == 39:
            now = {k: v for k, v in now.items() if k != 'ink'}
    return now


def main():
    out, cols = sys.argv[1], int(sys.argv[2])
    rows = sys.stdin.read().rstrip('\n').split('\n')
    fonts = {b: ImageFont.truetype(FONTS + ('-Bold.ttf' if b else '.ttf'), SIZE) for b in (False, True)}
    wide = fonts[False].getlength('M')
    picture = Image.new('RGB', (int(cols * wide) + 2 * PAD, len(rows) * LINE + 2 * PAD), PAPER)
    draw = ImageDraw.Draw(picture)
    now = {}
    for y, row in enumerate(rows):
        x = 0
        for escape, letter in re.findall(r'\033\[([0-9;]*)m|([^\033])', row):
            if not letter:
                now = style([int(c) for c in escape.split(';') if c], now)
                continue
            n = 2 if unicodedata.east_asian_width(letter) in 'WF' else 1
            ink, paper = now.get('ink', INK), PAPER
            if 2 in now:
                ink = tuple((a + b) // 2 for a, b in zip(ink, PAPER))
            if 7 in now:
                ink, paper = paper, ink
            at = (PAD + x * wide, PAD + y * LINE)
            if 7 in now:
                draw.rectangle((*at, at[0] + n * wide, at[1] + LINE - 1), fill=paper)
            draw.text(at, letter, font=fonts[1 in now], fill=ink)
            if 4 in now:
                draw.line((at[0], at[1] + LINE - 2, at[0] + n * wide, at[1] + LINE - 2), fill=ink)
            x += n
    picture.quantize(64).save(out, optimize=True)


main()
