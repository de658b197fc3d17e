"""All that is tried, in the order of the table."""

from checked_class import FailingMemory, Sanitized, Valgrind
from draws import Background, BackgroundNear, Full
from endurance import Endurance
from readers import READERS, Reader
from suites import Suite
from surface import Surface

SECTIONS = {
    "Bad input": [
        Suite(
            "bad_input",
            "wrong inputs, each with the one line that it gets",
            "tests/robustness/test_bad_input.py",
        ),
        Surface("options", "options of the component made at random"),
        Surface("options_of_the_emulator", "options of the emulator made at random"),
        Surface("parameters", "parameters made at random"),
        Surface("command_line", "command lines made at random"),
    ],
    "Extreme points": [
        *(Background(model) for model in ("fluid", "scalar")),
        *(BackgroundNear(model) for model in ("fluid", "scalar")),
        *(Full(model) for model in ("fluid", "scalar")),
        Sanitized(),
        Valgrind(),
        FailingMemory(),
    ],
    "Long runs": [Endurance()],
    "Faults": [
        Suite(
            "faults",
            "runs killed, stopped, out of disk, resumed elsewhere; the posterior after",
            "tests/robustness/test_faults.py",
            "tests/robustness/test_places.py",
            times=3,
        ),
        Suite(
            "training",
            "training files and boards: kills at any moment",
            "tests/theory/test_shared_training.py",
            "tests/emulator/test_store.py",
        ),
        Suite(
            "installs",
            "installations together, killed, out of disk",
            "tests/boltzmann/test_installer.py",
        ),
    ],
    "Files that must not hurt": [
        Suite(
            "hostile",
            "hostile archives, pickles, YAML values, labels",
            "tests/robustness/test_hostile.py",
            "tests/boltzmann/test_sdist.py",
            "tests/likelihoods/test_released.py",
        ),
        *(Reader(name) for name in READERS),
    ],
}
ITEMS = {item.name: item for items in SECTIONS.values() for item in items}
