/** @file theta_s.h Reduced Hubble parameter for a given angular size of the sound horizon */

#ifndef __THETA_S__
#define __THETA_S__

#include "background.h"
#include "input.h"

#ifdef __cplusplus
extern "C" {
#endif

  int theta_s_find_h(struct fzerofun_workspace * pfzw,
                     double * h,
                     ErrorMsg errmsg);

#ifdef __cplusplus
}
#endif

#endif
