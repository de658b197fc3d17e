"""Models of early dark energy, by the names that runs and commands give them."""

FIELD_MODELS = ("fluid_matched", "scalar")
"""Those whose background is the scalar field's."""

EDE_MODELS = ("fluid", *FIELD_MODELS)

FIELD_DERIVED = ("log10m_ede", "log10f_ede")
"""The field's mass and decay constant, of eV: derived, where there is a field."""
