# ruff: noqa: E501
"""The grooves of which the practice pieces for the beat tracker's judge are made: one line each, as text.

They are the commonplaces of dance, rock, latin, jazz, folk and slow music with the tempi at which each is usually
counted, written from general knowledge of metres and grooves. No recording and no annotated set was consulted.

A line: name | metre x steps to the beat | slowest-fastest bpm | rows. A row is a voice and its letters, one a step;
rows shorter than others go round again. X loud, x usual, o soft, . nothing. A name that ends in ~ may be swung.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

LINES = """
house | 4x4 | 118-130 | kick X..., clap ....X..., open_hat ..x., shaker oxoo, stab x..x..x...x....., bass ..x.
deep house~ | 4x4 | 114-124 | kick X..., clap ....X..., hat ..x., shaker xoxo, keys x.....x...x....., bass x..x....x.....x.
tech house | 4x4 | 122-129 | kick X..., clap ....X..., hat ..x., perc ...x..x....x.x.., bass ..xx..x.
techno | 4x4 | 126-146 | kick X..., open_hat ..x., ride x.x., perc ...x..x...x.....
acid | 4x4 | 124-140 | kick X..., hat x.xx, clap ....X..., bass xxoxxoxxoxxxoxox
minimal | 4x4 | 120-130 | kick X..., rim ...x....x..x...., hat ..x., sub x.......x..x....
trance | 4x4 | 132-145 | kick X..., bass .xxx, open_hat ..x., arp xxxx, clap ....X...
trance off | 4x4 | 130-142 | kick X..., bass ..x., open_hat ..x., lead x.xx.xx.x.xx.xx.
hard dance | 4x4 | 145-165 | kick X..., bass ..x., clap ....X..., lead x..x..x.
progressive | 4x4 | 122-130 | kick X..., pluck x..x..x...x..x.., bass ..x., hat ..x., clap ....X...
disco | 4x4 | 108-128 | kick X..., snare ....X..., open_hat ..x., bass x.xxx.xx, strings x.......x..x....
synthwave | 4x4 | 80-118 | kick X.......X......., snare ....X..., hat x.x., bass x.x., arp xxxx
eurodance | 4x4 | 128-150 | kick X..., clap ....X..., bass ..xx, keys x..x..x.x..x..x.
electro | 4x4 | 110-130 | kick X.....X..X......, clap ....X..., hat xxxx, bass x..x..x...x.x...
breaks | 4x4 | 120-140 | kick X.X.......XX...., snare ....X..o.o..X..o, ride x.x., bass X.X.......X.....
two-step drum and bass | 4x4 | 160-180 | kick X.........X....., snare ....X.......X..., hat x.x., sub X.........x.....
rolling drum and bass | 4x4 | 165-178 | kick X.........X....., snare ....X.......X..., hat xoxo, shaker oxox, bass x.....x...x.....
break drum and bass | 4x4 | 160-178 | kick X.X.......X....., snare ....X..x.x..X..x, ride x.x., sub X...............
liquid | 4x4 | 165-176 | kick X.........X....., snare ....X..., hat x.x., pad X..............., keys x.....x.....x...
jungle | 4x4 | 155-172 | kick X.X.......XX...., snare ....X..x.x....x., hat x.x., sub x.......x.....x.
half-time bass | 4x4 | 134-146 | kick X.....x........., snare ........X......., hat x.x., sub X.....x.....x...
trap | 4x4 | 130-160 | kick X......x..X....., clap ........X......., hat x.x.x.x.x.x.xxxx, sub X......x..X.....
drill | 4x4 | 138-146 | kick X.....X...X....., snare ......X.......X., hat x..x..x.x..x..x., sub X.....X...X.....
boom bap~ | 4x4 | 80-100 | kick X.....xX.......x, snare ....X..., hat x.x., bass X.....x.x.......
lo-fi~ | 4x4 | 70-92 | kick X......xX......., snare ....X..., hat x.x., keys x.......x..x....
garage~ | 4x4 | 128-138 | kick X.........X....., clap ....X..., hat ..x..xx...x..xx., bass x..x......x..x..
one drop~ | 4x4 | 60-84 | kick ....X..., rim ....X..., hat x.x., stab ..X., bass X.....x.x..x....
one drop organ~ | 4x4 | 64-84 | kick ....X..., snare ....X..., hat xox., stab ..x., organ ..xx, bass X..x..x.....x...
rockers | 4x4 | 66-84 | kick X..., snare ....X..., hat x.x., stab ..X., bass X.x...x.x.x.....
steppers~ | 4x4 | 66-80 | kick X..., rim ........X......., hat x.xx, stab ..X., bass X.x.x...X..x....
ska | 4x2 | 120-170 | kick .X.., snare ..X...X., stab .X, bass x.x., hat xx
rocksteady~ | 4x4 | 78-100 | kick ....X..., rim ....X..., stab ..X., strum ..x., bass X..x..x.X..x..x.
dembow | 4x4 | 84-104 | kick X..., snare ...X..X., hat x.x., bass X.....X.
soca | 4x4 | 110-160 | kick X..., snare ...X..X., hat ..x., bass x..x..x.
afro pop | 4x4 | 96-116 | kick X..X..X., rim ...x..x...x..x.., shaker xoxo, bass x.....x.x..x..x., strum ..x...xx
afro beat | 4x4 | 100-124 | kick X.....X.X..X...., snare ....x..x....x..o, hat xxxx, bass x..x..x.....x.x., brass x..x....x.......
afro house | 4x4 | 116-124 | kick X..., perc x..x..x.x..x..x., shaker xoxo, tom ......x...x...x., bass x..x......x.....
samba | 2x4 | 90-112 | kick X..xX..x, shaker xoox, tom ....X..., perc x.xx.x.x, bass x..xx..x
bossa | 4x4 | 62-80 | kick X..xX..x, rim x..x..x...x..x.., shaker xoxo, strum x..x..x...x..x.., bass X..xX..x
cumbia | 4x4 | 84-104 | kick X..., perc x.xx, shaker x.xx, bass X...x.x., keys ..x.
salsa | 4x2 | 160-210 | perc X...X.X., rim x..x..x...x.x..., bass ...x..x., tom ......xx, keys x.xx.x.xx.x.xx.x
cha cha | 4x2 | 108-128 | perc X.X., shaker xx, tom ......XX, bass X..x..x., keys .x
rock | 4x4 | 96-140 | kick X.......X.x....., snare ....X..., hat x.x., bass x.x., guitar x.x.
rock two | 4x4 | 100-150 | kick X.....x.X......., snare ....X..., hat x.x., bass x.....x.x......., guitar x.......x.......
hard rock | 4x4 | 110-160 | kick X.x...x.X.x....., snare ....X..., ride x.x., guitar x.x.x.xx, bass x.x.
quarter rock | 4x4 | 90-140 | kick X.......X......., snare ....X..., open_hat x..., bass x.x., guitar x...
punk | 4x2 | 160-210 | kick X.X..X.., snare ..X., hat xx, guitar xx, bass xx
d-beat | 4x2 | 170-210 | kick X..XX..., snare ..X., ride x., guitar xx, bass xx
metal | 4x4 | 120-190 | kick X.xxX.xx, snare ....X..., ride x..., guitar x.xx, bass x.xx
gallop | 4x4 | 120-160 | kick X.xx, snare ....X..., hat x.x., guitar x.xx, bass x.xx
running rock | 4x2 | 140-176 | kick X.X...X., snare ..X., hat xx, bass xx, guitar xx, lead x..x..x.
rock ballad | 4x4 | 60-84 | kick X.......X.x....., snare ....X..., hat x.x., keys x.x., bass X.......x.......
sixteenth ballad | 4x4 | 56-76 | kick X.......x......., snare ....X..., hat xoxo, strum x.xo, bass X.....x.x.......
soft song | 4x4 | 66-104 | kick X......., rim ....x..., shaker xoxo, strum x.x..xxo, bass X.....x.
pop | 4x4 | 92-128 | kick X.....x.X......., clap ....X..., hat x.x., keys x.....x.....x..., bass X.....x.X....x..
four pop | 4x4 | 100-130 | kick X..., clap ....X..., strum x.xx.xx., bass x.x., lead x..x..x.x.......
motown | 4x4 | 104-136 | kick X.x.X.x., snare X..., hat x.x., bass X..xx.x.X.x.x.xx, strings x...............
soul~ | 4x4 | 76-112 | kick X.....x.X......., snare ....X..., hat x.x., bass X..x..x.X...x.x., brass ......x.x.......
funk~ | 4x4 | 90-116 | kick X..x..X...x....., snare ....X..o.o..X..o, hat xoxo, bass X..x..x.x.x...xx, guitar ..xx.xx...xx.xx.
slow blues | 4x3 | 48-70 | kick X....., snare ...X.., ride xxx, bass X..x.x, keys xxx
shuffle | 4x3 | 96-144 | kick X....., snare ...X.., ride x.x, bass x.xx.x, guitar x.x
rock shuffle | 4x3 | 110-150 | kick X.xX.., snare ...X.., hat x.x, bass x.x, guitar x.x
half shuffle | 4x6 | 70-100 | kick X.......x..., snare ............X..........., hat x.x, bass X.....x.x...
swing | 4x3 | 110-220 | ride x..x.x, hat ...x.., bass x.., kick o.., keys ..x......x..
big band | 4x3 | 120-200 | ride x..x.x, hat ...x.., bass x.., kick x.., brass x....x......, snare ..o......o..
slow swing | 4x3 | 60-110 | ride x..x.x, hat ...x.., bass x.., piano x.x..x
two feel | 4x3 | 130-200 | ride x..x.x, hat ...x.., bass X....., piano ...x..
stride | 4x3 | 120-200 | bass X....., stab ...x.., piano x.xx.x
train beat | 4x4 | 88-124 | snare xxXx, kick X.x., bass X......., strum ..x., guitar x.xxx.x.
train beat in two | 4x2 | 160-220 | snare xX, kick X., bass X...x..., strum ..X., lead x.xxx.x.
boom chuck | 4x2 | 160-230 | bass X..., strum ..X., kick X..., snare ..x., hat xx
country | 4x4 | 84-132 | kick X.......X......., rim ....X..., hat x.x., bass X.......x......., strum ..x...xx, guitar x.xx
country swing | 4x3 | 100-140 | kick X....., snare ...X.., hat x.x, bass X....., strum ...x.x
bluegrass | 2x4 | 100-140 | bass X...x..., strum ..X., lead xxxx
polka | 2x4 | 104-132 | bass X...x..., stab ..x., kick X..., snare ..X., lead x.xx
hoedown | 2x4 | 110-132 | kick X..., snare ..X., bass X..., lead xxxx
march | 2x4 | 104-126 | kick X..., snare x.xxX.xx, bass X...x..., stab ..x., brass x...x.x.
slow march | 4x2 | 76-104 | kick X..., snare x.x.x.xx, bass X..., brass x...x.x.
six-eight march | 2x3 | 104-126 | kick X.., snare x.xX.x, bass X.., brass x.x
jig | 2x3 | 100-134 | lead xxx, bass X.., stab ..x, kick X..
waltz | 3x2 | 84-200 | bass X....., stab ..x.x., lead x.....x.x.x.
waltz drums | 3x2 | 90-190 | kick X....., snare ..x.x., hat x.x.x., bass X....., strum ..x.x.
pop waltz | 3x4 | 84-150 | kick X..........., snare ....X...x..., hat x.x., bass X...x...x..., keys x.x.
jazz waltz | 3x3 | 110-190 | ride x..x.xx.., hat ...x....., bass X..x..x.., piano x....x...
country waltz | 3x2 | 84-130 | bass X....., strum ..x.x., kick X....., rim ..x.x., lead x.x...
six-eight ballad | 2x3 | 44-66 | kick X....., snare ...X.., hat xxx, bass X....x, keys xxx
six-eight strum | 2x3 | 48-72 | strum xxx, bass X.., kick X....., rim ...x.., lead x.x...
twelve-eight gospel | 4x3 | 54-76 | kick X....., snare ...X.., ride xxx, organ xxx, bass X....x
doo-wop | 4x3 | 56-84 | kick X....., snare ...X.., piano xxx, bass x.xx..
six-eight afro | 2x6 | 60-76 | perc x.x.xx.x.x.x, shaker x.x, tom X....., bass x.....x.x...
five-four | 5x4 | 100-176 | kick X.....x.....X......., snare ....X...........X..., hat x.x., bass X.....x.....X.......
five swing | 5x3 | 140-184 | ride x..x.xx..x.x..., hat ...x........x.., piano x....xx..x..x.., bass x....xx..x.....
five straight | 5x2 | 110-170 | kick X.....X..., snare ..X.....X., hat xx, guitar x..x..x.x., bass x..x..x.x.
five tune | 5x2 | 90-150 | bass X.....x..., strum ..x.x...x., lead x.xx..x.x.
seven | 7x2 | 120-190 | kick X...X...X..x.., snare ..X...X...X.X., hat xx, bass x...x...x..x..
seven even | 7x2 | 110-180 | kick X.....X.X....., snare ..X...X.....X., hat xx, guitar x..x..x.x.x.x.
seven swing | 7x3 | 140-190 | ride x..x.xx..x.xx..x..x.x, bass X..x..x..X..x..X..x.., hat ...x.....x.....x.....
piano song | 4x4 | 60-110 | piano x.x., bass X.......x......., lead x.x..x..x.......
finger picking | 4x4 | 64-116 | guitar xoxo, bass X...x..., lead x.....x.x.......
arpeggio | 4x4 | 60-130 | arp xxxx, bass X..............., pad X...............
chip tune | 4x4 | 110-170 | arp xxxx, bass x.x., snare ....x..., kick X......., lead x.xx.xx.
chip tune two | 4x2 | 130-190 | lead xx.xx.x., bass xx, hat xx, snare ..x.
strings | 4x4 | 60-130 | strings x.x., pizz x..., brass X.......x.......
pizzicato | 4x2 | 80-150 | pizz xx, bass X..., lead x.x.xx..
orchestra run | 4x4 | 100-170 | strings xxxx, tom X.......x..x...., brass X.......x.x.....
hand drums | 4x4 | 80-130 | tom X..x..x.X..x.xx., perc x.x., shaker xxxx
clave groove | 4x4 | 86-120 | rim x..x..x...x.x..., shaker xoxo, tom X...x..xX...x..., bass X.....x.
sparse beat | 4x4 | 70-120 | kick X.........x....., snare ....X.......x..., pad X..............., keys x.........x.....
soft beat | 4x4 | 90-130 | kick x.......x......., rim ....x..., hat o.x., pad X..............., keys x..x......x.....
pads | 4x4 | 70-128 | sub X..............., pad X..............., hat o..., keys x.......o.......
"""

SWUNG = 0.5
"""How many pieces of a style that may be swung are."""


@dataclass(frozen=True, slots=True)
class Groove:
    """steps: to the beat. rows: voice -> letters. swings: whether its sixteenths or eighths may be late."""

    name: str
    metre: int
    steps: int
    slowest_bpm: float
    fastest_bpm: float
    rows: dict[str, str]
    swings: bool


@cache
def grooves() -> tuple[Groove, ...]:
    """All of them, in order."""
    return tuple(_parse(line) for line in LINES.strip().splitlines())


def _parse(line: str) -> Groove:
    name, shape, tempi, rows = (part.strip() for part in line.split("|"))
    metre, steps = (int(n) for n in shape.split("x"))
    slow, fast = (float(n) for n in tempi.split("-"))
    voices = dict(row.split() for row in rows.split(","))
    return Groove(name.rstrip("~"), metre, steps, slow, fast, voices, name.endswith("~"))
