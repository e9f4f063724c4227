"""What onsets are like by place in the beat and in the bar, as `python -m perform.train.beat_tables` found.

The numbers come from renders of this project's own (104 pieces of 26 styles; that script makes them again
to the last digit) and from nothing else. BEAT, HALF, QUARTER, SWING: log likelihood of an onset on such a place
against one at any hop; for each band the value at silence, then the slopes. SHARES: how many pieces use such places.
DOWNBEAT, WEAK, MIDDLE: weights of the bar filter's three cues.
"""

BEAT = (-1.02, -1.44, -1.8, -1.71, 4.06, 5.02, 5.33, 5.31)
HALF = (-0.29, -0.35, -0.41, -1.02, 1.84, 2.17, 2.32, 3.99)
QUARTER = (0.04, -0.02, -0.08, -0.2, -0.36, 0.21, 0.67, 1.31)
SWING = (-0.39, -0.06, -0.06, -0.94, 2.26, 0.56, 0.55, 3.78)
SHARES = (0.98, 0.8, 0.36, 0.12)
DOWNBEAT = (0.72, -0.62, 0.43)
WEAK = (-0.21, 0.43, -0.14)
MIDDLE = (-0.22, -0.45, -0.11)
