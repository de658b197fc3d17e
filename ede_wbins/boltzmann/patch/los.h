/** @file los.h Line-of-sight integrals over spherical Bessel functions whose tables outlive one cosmology */

#ifndef __LOS__
#define __LOS__

#include "common.h"
#include "hyperspherical.h"

/* what stands beside the source in the integral over x = k(tau0-tau) */
enum los_kernel {los_none, los_j, los_dj, los_j2, los_polarisation};

/**
 * Integrands at one wavenumber, written as combinations of tabulated j_l and j_l' that depend on l in a simple way.
 */
struct los_workspace {
  enum los_kernel kernel;  /**< los_none: leave it to CLASS */
  int tau_size;            /**< number of times */
  double * tau0_minus_tau; /**< times of the weights */
  double * weight;         /**< weights of the sum over times */
  double * work;           /**< of los_weights */
  int * node;              /**< left node in the table of each time */
  double * coefficient;    /**< _LOS_COEFFICIENTS_ for each time */
};

#define _LOS_COEFFICIENTS_ 10

#ifdef __cplusplus
extern "C" {
#endif

  int los_borrow(int l_size,
                 int * l,
                 double x_min,
                 double x_max,
                 double sampling,
                 double phi_min,
                 HyperInterpStruct * table,
                 ErrorMsg errmsg);

  int los_return(HyperInterpStruct * table,
                 ErrorMsg errmsg);

  int los_workspace_init(struct los_workspace * pls,
                         int tau_size,
                         ErrorMsg errmsg);

  void los_workspace_free(struct los_workspace * pls);

  void los_weights(int size,
                   const double * t,
                   double tau0,
                   double * weight,
                   double * work);

  void los_prepare(struct los_workspace * pls,
                   HyperInterpStruct * table,
                   enum los_kernel kernel,
                   int tau_size,
                   double * x,
                   double * tau0_minus_tau,
                   double tau0,
                   double * source);

  double los_integral(struct los_workspace * pls,
                      HyperInterpStruct * table,
                      int index_l,
                      int last);

#ifdef __cplusplus
}
#endif

#endif
