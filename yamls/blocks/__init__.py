"""Blocks that runs are assembled from: `ede-wbins yaml` reads them as data of the package."""
