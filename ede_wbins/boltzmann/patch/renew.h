/** @file renew.h Spectra for another primordial spectrum, from perturbations that are at hand */

#ifndef __RENEW__
#define __RENEW__

#include "background.h"
#include "thermodynamics.h"
#include "perturbations.h"
#include "primordial.h"
#include "fourier.h"
#include "transfer.h"
#include "harmonic.h"
#include "lensing.h"

#ifdef __cplusplus
extern "C" {
#endif

  int renew_prepare(struct precision * ppr,
                    struct background * pba,
                    struct thermodynamics * pth,
                    struct perturbations * ppt,
                    struct fourier * pfo,
                    struct transfer * ptr,
                    ErrorMsg errmsg);

  int renew_spectra(struct precision * ppr,
                    struct background * pba,
                    struct thermodynamics * pth,
                    struct perturbations * ppt,
                    struct primordial * ppm,
                    struct fourier * pfo,
                    struct transfer * ptr,
                    struct harmonic * phr,
                    struct lensing * ple,
                    ErrorMsg errmsg);

  int renew_takes_over(struct perturbations * ppt,
                       struct transfer * ptr);

#ifdef __cplusplus
}
#endif

#endif
