#include "x86/cpu.h"

bool kern_amx_probe(void)
{
    return false;
}
