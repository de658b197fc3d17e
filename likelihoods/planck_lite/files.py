"""Where plik-lite's files are, in their release and below `data/`, and their checksums."""

from ..released import ReleasedFile

# The repository of 1909.05869, which redistributes the files of the Planck Legacy Archive.
COMMIT = "2c0d0f67e59ce781654cf62dd7fb10757b0e60be"
ARCHIVE = f"https://github.com/heatherprince/planck-lite-py/archive/{COMMIT}.zip"

# By release: the folder below `data/`, that of Cobaya's plik-lite for 2018, and the files' version.
VERSIONS = {2018: ("planck_2018_pliklite_native", 22), 2015: ("planck_2015_pliklite", 18)}
# 2015's high-l files were not at hand to take checksums from: the commit alone pins them.
SUMS = {
    "cl_cmb_plik_v22.dat": "dac0d9d493213e77c940a10a968cf0da3c5730bae60e1356c4cd8bcff96377ff",
    "c_matrix_plik_v22.dat": "ad90378c50bd67841764179c90ae6711fa4317c649966ab2b0712143b31e0a32",
    "blmin.dat": "325b351cbf8f694556bb13e98f285344e8d66811bb8eef18bcdcf1626518719d",
    "blmax.dat": "c28ade0fa5270c7e87ba07bdcb68aef8783b132b352bfaa36c04d17694ab4014",
    "bweight.dat": "8afcbd8bad769e2de96bacd80177e6543f96b2b406e6c2da1fd0d26718c9e415",
    "CTT_bin_low_ell_2018.dat": "5d8220fc16b9f9faa330b20b85751988843ae30386a9a5faf2b2f560d7ee65b7",
    "CTT_bin_low_ell_2015.dat": "42f23ee176a791106af2f4db529c78f95b4915a68655698072dfd065c93bbb5a",
    "blmin_low_ell.dat": "526718b75ee8689e97e6e4162c5319f0a937c19fe31d5c37f1927813184badf8",
    "blmax_low_ell.dat": "e4449d2230545c8da4cd2b6ab228de2a953b9b113bee16d06bde50b152ddb400",
    "bweight_low_ell.dat": "5973300301bfedad94ec1c7d298afa4f3745207eb33094a173d581444a995b1a",
}


def names(release: int) -> dict[str, str]:
    """Paths below `data/` of one release's files, by what they hold."""
    folder, version = VERSIONS[release]
    lowl = f"planck_lite_lowl/planck{release}_low_ell"
    return {
        "data": f"{folder}/cl_cmb_plik_v{version}.dat",
        "covariance": f"{folder}/c_matrix_plik_v{version}.dat",
        "first": f"{folder}/blmin.dat",
        "last": f"{folder}/blmax.dat",
        "weights": f"{folder}/bweight.dat",
        "lowl_data": f"{lowl}/CTT_bin_low_ell_{release}.dat",
        "lowl_first": f"{lowl}/blmin_low_ell.dat",
        "lowl_last": f"{lowl}/blmax_low_ell.dat",
        "lowl_weights": f"{lowl}/bweight_low_ell.dat",
    }


def files(release: int) -> dict[str, ReleasedFile]:
    """One release's files, by path below `data/`."""
    found = {}
    for role, path in names(release).items():
        part = "low_ell" if role.startswith("lowl") else "plik_lite"
        base = path.rsplit("/", 1)[1]
        known = part == "low_ell" or release == 2018
        found[path] = ReleasedFile(
            f"data/planck{release}_{part}/{base}", SUMS[base] if known else None
        )
    return found
