// SPDX-License-Identifier: MIT
// Never run: Meson's flags for it are those of a user of the library, and the misuses are compiled with them.
#include <bpflink/bpflink.hpp>

int main() {}
