/* The second file that includes the header: nothing in it is defined twice. */
#include "oarlock.h"

size_t second_claim_size(void);
uint32_t second_version(void);

size_t second_claim_size(void) { return sizeof(oarlock_claim); }

uint32_t second_version(void) { return OARLOCK_VERSION_NUMBER; }
