"""Early dark energy and piecewise-constant w(z) for Cobaya, on a patched CLASS."""

from ede_wbins.one_line import keep_errors_short

__version__ = "0.1.0"

keep_errors_short()


def __getattr__(name: str):
    # Cobaya asks for `ede_wbins.EDEWBins`; importing it lazily keeps `ede-wbins --help` quick.
    if name == "EDEWBins":
        from ede_wbins.theory.edewbins import EDEWBins

        return EDEWBins
    if name == "EmulatedEDEWBins":
        from ede_wbins.theory.emulated import EmulatedEDEWBins

        return EmulatedEDEWBins
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
