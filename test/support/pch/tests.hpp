// SPDX-License-Identifier: MIT
// What nearly every test file reads, compiled once for each test program: Catch2 takes longer than the tests. They
// include it themselves all the same, and build with -Db_pch=false.
#include <tl/expected.hpp>

#include "../catch.hpp"
