/** @file lens.h Lensed spectra from blocks of angles, with little memory */

#ifndef __LENS__
#define __LENS__

#include "lensing.h"

/* angles that are treated at once: a multiple of the numbers in a vector register */
#define _LENS_LANES_ 8

/* Wigner functions d^l_{mm'} that lensing to second order takes, and spectra that it changes */
#define _LENS_PAIRS_ 12
enum lens_spectrum {lens_tt, lens_te, lens_p, lens_m, _LENS_SPECTRA_};

/* a number at each angle of a block */
typedef double lens_lanes[_LENS_LANES_];

/**
 * What does not depend on the angle at one l.
 */
struct lens_multipole {
  double step[3][_LENS_PAIRS_];    /**< of the recurrence from l to l+1, see lens_step */
  double f, s1, s2, s3, s4, s5;    /**< l(l+1)/4, and the square roots of lensing_init with their factors */
  double norm;                     /**< d^l_{mm'} over what the recurrence is of */
  double deflection;               /**< (2l+1)l(l+1)/(4 pi) C_l^phiphi */
  double cl[_LENS_SPECTRA_];       /**< (2l+1)/(4 pi) times C_l^TT, C_l^TE, C_l^EE+C_l^BB, C_l^EE-C_l^BB */
};

struct lens_workspace {
  int l_max;                       /**< of the unlensed spectra */
  int block_size;                  /**< number of blocks of angles */
  double difference;               /**< 1 if only what lensing changes is integrated, 0 if all is */
  double deflection2;              /**< total variance of the deflection */
  struct lens_multipole * at;      /**< by l */
  lens_lanes * mu;                 /**< cosines of the angles, by block */
  lens_lanes * weight;             /**< of the integrals over them */
  lens_lanes * xi;                 /**< correlation functions, by block and spectrum */
  lens_lanes * d;                  /**< the function that takes each to C_l, by block, output l and spectrum */
};

#ifdef __cplusplus
extern "C" {
#endif

  short lens_applies(struct precision * ppr,
                     struct harmonic * phr,
                     struct lensing * ple);

  int lens_init(struct precision * ppr,
                struct harmonic * phr,
                struct lensing * ple,
                struct lens_workspace * plw);

  int lens_block(struct lensing * ple,
                 struct lens_workspace * plw,
                 int index_block);

  int lens_finish(struct lensing * ple,
                  struct lens_workspace * plw);

  void lens_free(struct lens_workspace * plw);

#ifdef __cplusplus
}
#endif

#endif
