/** @file ede_fluid.h Early dark energy as the effective fluid of an oscillating axion-like field.
 *
 * Potential \f$ V = m^2 f^2 [1-\cos(\phi/f)]^n \f$; cycle-averaged fluid of Poulin, Smith, Grin, Karwal and
 * Kamionkowski (arXiv:1806.10608, equations 20 to 30; arXiv:1811.04083). */

#ifndef __EDE_FLUID__
#define __EDE_FLUID__

#include "common.h"
#include "parser.h"

struct background;
struct precision;

/** the dark energy that closes the budget, and so gives way to EDE */
enum ede_fill {ede_fill_none, ede_fill_lambda, ede_fill_fld};

struct ede_fluid {
  short scalar;         /**< the exact field (ede_scalar.h) instead of the fluid? */
  double n;             /**< exponent of the potential */
  double w_n;           /**< equation of state of the oscillating field, (n-1)/(n+1) */
  double a_c;           /**< critical scale factor */
  double rho_c;         /**< density at a_c, 0 without EDE */
  double varpi0;        /**< frequency of the oscillations today in 1/Mpc; 0 for c_s^2 = 1 */
  enum ede_fill fill;   /**< which dark energy closes the budget */

  double f_max;         /**< largest value of rho_ede/rho_tot */
  double z_max;         /**< redshift where it is reached */
  double Omega0;        /**< density fraction today */
};

/** what the equations of a fluid's perturbations take at one time and wavenumber; both variables are divided by a
    density that falls with the equation of state w */
struct ede_coefficients {
  double source;        /**< rho+p that feels the metric, over that density: 1+w where this is the fluid's own */
  double w;             /**< equation of state of that density */
  double w_minus_ca2;   /**< w - c_a^2 */
  double cs2;           /**< sound speed in the rest frame, squared */
  double pressure;      /**< pressure perturbation that is not the fluid's own, over that density */
};

#ifdef __cplusplus
extern "C" {
#endif

  /* ede_input.c */

  int ede_others(struct background * pba, double a, short fill, double * rho, double * p);

  int ede_read(struct file_content * pfc, struct precision * ppr, struct background * pba, ErrorMsg errmsg);

  /* ede_fluid.c */

  void ede_fluid_background(struct ede_fluid * pede, double a, double * rho, double * w, double * dw_over_dlna);

  int ede_fluid_find_peak(struct background * pba);

  void ede_fluid_coefficients(struct ede_fluid * pede, double a, double k, struct ede_coefficients * c);

  double ede_fluid_sound_speed(double n, double a_varpi, double k);

  void ede_fluid_initial(struct ede_fluid * pede, double a, double a_prime_over_a, double k, double tau,
                         double amplitude, double alpha, double * y);

  int ede_fluid_averaged(struct precision * ppr, double k, double tau);

  void ede_fluid_streaming(struct ede_fluid * pede, double a, double a_prime_over_a, double k,
                           double phi, double alpha, double * y);

  void ede_fluid_stress(struct ede_coefficients * c, double rho, double a_prime_over_a, double k, double * y,
                        double * delta_rho, double * rho_plus_p_theta, double * delta_p, double * rho_plus_p);

  void ede_fluid_derivs(struct ede_coefficients * c, double a_prime_over_a, double k,
                        double metric_continuity, double metric_euler, double * y, double * dy);

#ifdef __cplusplus
}
#endif

#endif
