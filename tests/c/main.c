/* Usage: tests VECTORS, the folder of the language-neutral cases. */
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"
#include "suites.h"

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: %s VECTORS\n", arguments[0]);
        return EXIT_FAILURE;
    }
    harness_start();
    suite_abi(arguments[1]);
    suite_text();
    suite_series();
    suite_borrowed();
    suite_files();
    suite_arrow();
    suite_slicer();
    suite_batch();
    suite_alignment();
    suite_walk();
    suite_symbols();
    suite_look_ahead();
    suite_null();
    suite_handles();
    suite_threads();
    suite_kernels();
    suite_kernel_arguments();
    suite_streams();
    suite_vectors_slicer(arguments[1]);
    suite_vectors_text(arguments[1]);
    suite_vectors_series(arguments[1]);
    suite_vectors_kernels(arguments[1]);
    suite_vectors_alignment(arguments[1]);
    suite_vectors_walk(arguments[1]);
    suite_vectors_symbols(arguments[1]);
    suite_vectors_arrow(arguments[1]);
    return harness_finish();
}
