"""Models of early dark energy, by the names that runs and commands give them."""

FIELD_MODELS = ("fluid_matched", "scalar")
"""Those whose background is the scalar field's."""

EDE_MODELS = ("fluid", *FIELD_MODELS)
