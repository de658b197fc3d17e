/** @file nonlinear.h What the fitting formulas of nonlinear power see of the two dark energies.
 *
 * Halofit and HMcode are fits to simulations with matter and late dark energy of constant w. Binned w(z) enters
 * them through an equivalent constant w at each redshift (Casarini, Maccio and Bonometto 0810.0190; Casarini,
 * Bonometto, Tessarotto and Corasaniti 1601.07230); early dark energy enters through the linear spectrum alone. */

#ifndef __NONLINEAR__
#define __NONLINEAR__

#include "common.h"
#include "parser.h"
#include "wbins.h"
#include "equivalent_w.h"

#define _NONLINEAR_DECADES_ 2. /**< how far beyond the largest k Halofit may look for the nonlinear scale */

struct background;
struct fourier;
struct hmcode_growth;
struct hmcode_workspace;
struct precision;
struct thermodynamics;

struct nonlinear {
  short binned;       /**< is w(z) binned? */
  short to_z_max;     /**< nonlinear power at all redshifts of P(k)? (input 'nonlinear_to_z_max_pk') */
  short wanted;       /**< at the time that is being computed? */
  double w;           /**< equivalent w at that time (binned w(z)) */
  double * w_of_tau;  /**< equivalent w at all times of the fourier structure (binned w(z)) */
  short * skipped;    /**< at which of these is nonlinear power interpolated? (binned w(z)) */
};

#ifdef __cplusplus
extern "C" {
#endif

  int nonlinear_read(struct file_content * pfc, struct background * pba, struct fourier * pfo, ErrorMsg errmsg);

  int nonlinear_init(struct precision * ppr, struct background * pba, struct thermodynamics * pth, struct fourier * pfo);

  void nonlinear_free(struct fourier * pfo);

  short nonlinear_time(struct fourier * pfo, int index_tau);

  int nonlinear_choose_times(struct precision * ppr, struct background * pba, struct fourier * pfo, double * z);

  int nonlinear_interpolate(struct fourier * pfo, int first);

  void nonlinear_densities(struct background * pba, struct fourier * pfo, double * pvecback,
                           double * w, double * Omega_m, double * Omega_v);

  double nonlinear_beyond_k_max(struct primordial * ppm, struct fourier * pfo, double * lnpk_l, double k);

  void nonlinear_hmcode_model(struct background * pba, struct fourier * pfo, struct hmcode_growth * phg);

  int nonlinear_hmcode_growth(struct precision * ppr, struct background * pba, struct fourier * pfo,
                              struct hmcode_workspace * phw);

  int nonlinear_growth_evolver(WBINS_EVOLVER_ARGUMENTS);

#ifdef __cplusplus
}
#endif

#endif
