// SPDX-License-Identifier: MIT
// What nearly every test file reads, and includes itself all the same (-Db_pch=false), compiled once for each test
// program: Catch2 takes longer than the tests.
#include <tl/expected.hpp>

#include "../catch.hpp"
