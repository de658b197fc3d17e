/** @file equivalent_w.h Constant equation of state with the distances of another one.
 *
 * Fits of nonlinear power to simulations of constant w serve any w(z) through it: Casarini, Maccio and Bonometto
 * (0810.0190); Casarini, Bonometto, Tessarotto and Corasaniti (1601.07230). */

#ifndef __EQUIVALENT_W__
#define __EQUIVALENT_W__

struct background;

#ifdef __cplusplus
extern "C" {
#endif

  int equivalent_w(struct background * pba, double z_end, int size, double * z, double * w);

#ifdef __cplusplus
}
#endif

#endif
