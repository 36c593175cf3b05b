#include <stdio.h>

int main(void)
{
    puts("hiss " PACKAGE_VERSION);
    return 0;
}
