/** @file wbins.h Late dark energy whose equation of state is constant in redshift bins.
 *
 * arXiv:2302.07333: w(z) = w_i for z_{i-1} <= z < z_i (z_0 = 0) and w_beyond above the last edge.
 * The density has a closed form; the perturbations are those of CLASS's PPF fluid. */

#ifndef __WBINS__
#define __WBINS__

#include "common.h"
#include "parser.h"

#define _WBINS_MAX_ 256        /**< largest number of bins (the input line of CLASS ends long before) */
#define _WBINS_HALF_GAP_ 1e-10 /**< half distance in ln(a) of the two table nodes around a jump of w */
#define _WBINS_TIMES_HALF_GAP_ 1e-5 /**< distance of the two times around an edge from it, over conformal time: rounding
                                         errors do not show in the slope from one to the other, for whoever draws a
                                         spline through P(k) at all times */
#define _WBINS_GAMMA_OFFSET_ 1e-3 /**< added to the integrated PPF Gamma, see wbins_read() */

/** arguments of CLASS's evolvers, by name */
#define WBINS_EVOLVER_ARGUMENTS \
    int (*derivs)(double, double *, double *, void *, ErrorMsg), \
    double x_ini, \
    double x_final, \
    double * y, \
    int * used_in_output, \
    int neq, \
    void * parameters_and_workspace, \
    double rtol, \
    double minimum_variation, \
    int (*timescale)(double, void *, double *, ErrorMsg), \
    double timestep_over_timescale, \
    double * t_vec, \
    int t_size, \
    int (*output)(double, double *, double *, int, void *, ErrorMsg), \
    int (*print_variables)(double, double *, double *, void *, ErrorMsg), \
    ErrorMsg errmsg

struct background;
struct fourier;
struct perturbations;

struct wbins {
  int size;                      /**< number of edges at which w changes; 0 where w(z) is not binned */
  double z[_WBINS_MAX_];         /**< these edges, increasing */
  double y[_WBINS_MAX_];         /**< ln(1+z) of the edges */
  double w[_WBINS_MAX_+1];       /**< equation of state in the bins, then beyond the last edge */
  double lnrho[_WBINS_MAX_+1];   /**< ln(rho/rho_today) at the lower edge of each bin (sharp bins) */
  double width;                  /**< smoothing in z of the edges, 0 for sharp bins */
  double gamma_offset;           /**< what the integrator carries on top of the PPF Gamma */

  int jump_size;                          /**< number of sharp edges */
  double jump_loga[_WBINS_MAX_];          /**< their ln(a), increasing */
  int jump_index[_WBINS_MAX_];            /**< background table index of the node just before each */
  double jump_tau[_WBINS_MAX_][2];        /**< conformal time of the nodes before and after each */
  int (*background_evolver)(EVOLVER_PROTOTYPE); /**< what integrates the background between jumps */
};

#ifdef __cplusplus
extern "C" {
#endif

  int wbins_read(struct file_content * pfc, struct background * pba, ErrorMsg errmsg);

  void wbins_w(struct wbins * pwb, double a, double * w, double * dw_over_da, double * integral);

  int wbins_background_nodes(struct wbins * pwb, double loga_ini, double loga_final, int size, double * loga);

  int wbins_background_splines(struct background * pba);

  int wbins_sources_times(struct background * pba, int * size, double ** tau);

  int wbins_sources_splines(struct background * pba, struct perturbations * ppt);

  int wbins_power_splines(struct background * pba, struct fourier * pfo);

  int wbins_background_evolver(WBINS_EVOLVER_ARGUMENTS);

  int wbins_perturbations_evolver(WBINS_EVOLVER_ARGUMENTS);

#ifdef __cplusplus
}
#endif

#endif
