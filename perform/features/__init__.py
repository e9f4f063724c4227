"""Sound in, named values out: streaming, the same whatever the block size, numpy only.

`FeatureAnalyser` is the part that runs; `OUTPUTS` says what it gives, `PARAMS` what may be turned (mounted at
`audio/`). A feature is one file in `units/` and its test.
"""

from perform.features.analyser import OUTPUTS, PARAMS, FeatureAnalyser
from perform.features.frame import Output

__all__ = ["OUTPUTS", "PARAMS", "FeatureAnalyser", "Output"]
