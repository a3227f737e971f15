/* Prints SHA-256 of the standard's test messages: "", "abc", a million times "a" in uneven portions. */
#include "sha256.h"

#include <stdio.h>

static void print(Sha256 *hash) {
    unsigned char digest[SHA256_DIGEST];
    sha256_finish(hash, digest);
    for (int i = 0; i < SHA256_DIGEST; i++) {
        printf("%02x", digest[i]);
    }
    putchar('\n');
}

int main(void) {
    Sha256 hash = sha256_start();
    print(&hash);

    hash = sha256_start();
    sha256_add(&hash, "abc", 3);
    print(&hash);

    char portion[97];
    memset(portion, 'a', sizeof portion);
    hash = sha256_start();
    for (size_t left = 1000000; left > 0;) {
        size_t len = left < sizeof portion ? left : sizeof portion;
        sha256_add(&hash, portion, len);
        left -= len;
    }
    print(&hash);
    return 0;
}
