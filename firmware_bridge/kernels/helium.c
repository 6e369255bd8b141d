/* Where the core has Helium with whole numbers (Cortex-M52, M55, M85) and the compiler is told of its registers
   (-mfloat-abi=hard or softfp): vectors of 16 bytes, whose last one holds as many as are left. PLAIN_C leaves that out. */
#if defined(__ARM_FEATURE_MVE) && !defined(PLAIN_C)
#include <arm_mve.h>
#define HELIUM
#endif
