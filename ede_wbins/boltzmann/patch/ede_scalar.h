/** @file ede_scalar.h Early dark energy as an exact scalar field.
 *
 * Potential \f$ V = m^2 f^2 [1-\cos(\phi/f)]^n \f$ in terms of \f$ \theta = \phi/f \f$ (arXiv:1908.06995,
 * arXiv:2003.07355). m and f follow from the largest fraction of the total density that the field reaches, fEDE,
 * and from the redshift at which it does, z_c. */

#ifndef __EDE_SCALAR__
#define __EDE_SCALAR__

#include "common.h"

struct background;
struct precision;
struct ede_coefficients;

/** state of the integration */
struct ede_state {
  double theta;    /**< phi/f */
  double rate;     /**< its derivative with respect to proper time */
};

/** values of the field at one step of its integration; derivatives are with respect to ln(a) */
struct ede_scalar_node {
  double loga;          /**< ln(a) */
  double theta[3];      /**< theta and its first two derivatives */
  double rate[3];       /**< dtheta/dt (proper time, 1/Mpc) and its first two derivatives */
};

struct ede_scalar {
  double n;             /**< exponent of the potential */
  double w_n;           /**< equation of state of the oscillating field, (n-1)/(n+1) */
  double thetai;        /**< initial field value over f */
  double m;             /**< mass in 1/Mpc */
  double f2;            /**< (f/M_Pl)^2/3 with the reduced Planck mass: density is f2 (rate^2/2 + m^2 (1-cos theta)^n) */
  short matched;        /**< does a fluid go on for the field's perturbations once it oscillates? */
  double log10_m;       /**< log10 of the mass in eV */
  double log10_f;       /**< log10 of f in eV */

  int trials;           /**< integrations in the search for m and f */
  short failed;         /**< no m and f found? */
  ErrorMsg failure;     /**< why: an error of the computation, to be raised outside of the input */

  struct ede_scalar_node * nodes; /**< steps of the integration */
  int size;             /**< their number */
  double loga_end;      /**< ln(a) of that step, the same in each table of one cosmology; 0 before the first */
  double rho_end;       /**< density at the last step, from where on it is averaged over oscillations */

  double varpi0;        /**< frequency of the late oscillations, extrapolated to today, in 1/Mpc */
  double tau_matched;   /**< conformal time from which on it does */
  double tau_averaged;  /**< conformal time from which on perturbations may be averaged inside the horizon */
  double tau_end;       /**< conformal time from which on they are averaged everywhere */
};

#ifdef __cplusplus
extern "C" {
#endif

  /* ede_scalar.c */

  void ede_scalar_potential(double n, double theta, double * v, double * dv, double * ddv);

  void ede_scalar_motion(struct ede_scalar * psc, double all, struct ede_state * state, struct ede_state * change,
                         double * H);

  void ede_scalar_fluid(struct ede_scalar * psc, double theta, double rate, double dtheta_dlna,
                        double * rho, double * p, double * dp_dloga);

  void ede_scalar_node(struct ede_scalar * psc, double loga, double all, double sum, struct ede_state * state,
                       struct ede_scalar_node * node);

  void ede_scalar_between(struct ede_scalar_node * left, struct ede_scalar_node * right, double loga,
                          struct ede_state * state, double * dtheta_dlna);

  void ede_scalar_background(struct ede_scalar * psc, double a, double * theta, double * theta_prime,
                             double * rho, double * p, double * dp_dloga);

  /* ede_scalar_evolve.c */

  int ede_scalar_others(struct background * pba, double loga, double * all, double * sum, double * rho, double * p);

  int ede_scalar_evolve(struct background * pba, short store, double * loga_peak, double * f_peak);

  int ede_scalar_tabulate(struct background * pba);

  void ede_scalar_free(struct background * pba);

  /* ede_scalar_solve.c */

  void ede_scalar_read(struct background * pba, double fEDE, double log10z_c, double thetai, double * Omega_fill);

  int ede_scalar_init(struct background * pba);

  /* ede_scalar_perturbations.c */

  int ede_scalar_finish(struct background * pba);

  int ede_scalar_averaged(struct precision * ppr, struct ede_scalar * psc, double k, double tau);

  void ede_scalar_initial(struct ede_scalar * psc, double a, double a_prime_over_a, double theta, double theta_prime,
                          double k, double tau, double amplitude, double alpha, double * y);

  void ede_scalar_stress(struct ede_scalar * psc, double a, double theta, double theta_prime, double k, double * y,
                         double * delta_rho, double * rho_plus_p_theta, double * delta_p, double * rho_plus_p);

  double ede_scalar_late_density(struct ede_scalar * psc, double a);

  void ede_scalar_match(struct ede_scalar * psc, double a, double theta, double theta_prime, double k, double * y);

  void ede_scalar_coefficients(struct ede_scalar * psc, double a, double a_prime_over_a, double rho, double w,
                               double dp_dloga, double k, double theta_cdm, struct ede_coefficients * c);

  void ede_scalar_streaming(struct ede_scalar * psc, double a, double a_prime_over_a, double rho, double w,
                            double dp_dloga, double k, double phi, double alpha, double delta_b, double theta_b,
                            double * delta_rho, double * rho_plus_p_theta, double * delta_p, double * rho_plus_p);

  void ede_scalar_derivs(struct ede_scalar * psc, double a, double a_prime_over_a, double theta, double theta_prime,
                         double k, double metric_continuity, double metric_euler, double * y, double * dy);

#ifdef __cplusplus
}
#endif

#endif
