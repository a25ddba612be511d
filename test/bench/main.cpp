// SPDX-License-Identifier: MIT
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "stage.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/kernel_version.hpp"
#include "support/privileges.hpp"
#include "table.hpp"

namespace bpflink::bench {

namespace {

constexpr int skipped = 77;  // what Meson takes for it

constexpr const char* usage =
    "usage: bench [--only TEXT] [--markdown | --check [--without-instructions] | --loop raw|ours|libbpf TIMES]\n"
    "  Compares the library's operations with the bare system calls and with libbpf. As root.\n"
    "  --only TEXT   the operations with this in their name\n"
    "  --markdown    as the page docs/benchmarks.md\n"
    "  --check       verify what is exact: calls, allocations, instructions; times are shown and not judged\n"
    "  --loop        only do the operations on one side so many times, for a profiler\n";

enum class mode { text, page, check, loop };

struct request {
  mode how = mode::text;
  std::string only;
  bool instructions_too = false;
  place loop_side = our_place;
  std::size_t loop_times = 0;
};

struct bad_usage {};

place side_named(std::string_view name) {
  if (name == "raw") return raw_place;
  if (name == "ours") return our_place;
  if (name == "libbpf") return libbpf_place;
  throw bad_usage{};
}

request parse(const std::vector<std::string_view>& arguments) {
  request asked;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const auto next = [&] {
      if (++at == arguments.size()) throw bad_usage{};
      return std::string{arguments[at]};
    };
    if (arguments[at] == "--only") {
      asked.only = next();
    } else if (arguments[at] == "--markdown") {
      asked.how = mode::page;
    } else if (arguments[at] == "--check") {
      asked.how = mode::check;
    } else if (arguments[at] == "--without-instructions") {
      asked.instructions_too = false;
    } else if (arguments[at] == "--loop") {
      asked.how = mode::loop;
      asked.loop_side = side_named(next());
      asked.loop_times = std::strtoul(next().c_str(), nullptr, 10);
    } else {
      throw bad_usage{};
    }
  }
  return asked;
}

class sides {
 public:
  sides(operation what, stage& on) : made_{raw_side(what, on), our_side(what, on), libbpf_side(what, on)} {}

  [[nodiscard]] const side& at(place where) const { return made_.at(where == again_place ? raw_place : where); }
  [[nodiscard]] std::vector<const side*> all() const {
    return {&at(raw_place), &at(our_place), &at(libbpf_place), &at(again_place)};
  }

 private:
  std::array<side, 3> made_;
};

void count_all(row& of, const sides& each) {
  for (const auto where : {raw_place, our_place, libbpf_place}) {
    if (each.at(where).work) of.exact.at(where) = count(each.at(where));
  }
}

void measure(std::vector<row>& rows, stage& on, bool exact_only) {
  // What else the machine does comes and goes: each row gets its rounds at several times.
  const std::size_t passes = exact_only ? 1 : 3;
  for (std::size_t pass = 0; pass < passes; ++pass) {
    for (auto& each : rows) {
      each.missing = unmeasurable(each.what);
      if (!each.missing.empty()) continue;
      const sides of_row{each.what, on};
      each.times.race(of_row.all(), exact_only ? 1 : 20);
      if (pass == 0) count_all(each, of_row);
    }
  }
}

int loop(const request& asked, const std::vector<row>& rows, stage& on) {
  for (const auto& each : rows) {
    const sides of_row{each.what, on};
    const auto& one = of_row.at(asked.loop_side);
    if (!one.work) continue;
    for (std::size_t times = 0; times < asked.loop_times; ++times) {
      one.work(1);
      if (one.undo) one.undo();
    }
  }
  return EXIT_SUCCESS;
}

int run(const request& asked) {
  for (const auto& reason : {test::needs_root(), test::needs_kernel(5, 7, "bpf_link"), test::needs_cgroup2()}) {
    if (reason.empty()) continue;
    std::printf("skipped: %s\n", reason.c_str());
    return skipped;
  }
  auto rows = rows_named(asked.only);
  if (rows.empty()) throw bad_usage{};
  end_when_asked();
  test::raise_memory_lock();
  enter_own_namespaces();
  {
    stage on;
    if (asked.how == mode::loop) return loop(asked, rows, on);
    measure(rows, on, asked.how == mode::check);
  }
  std::fputs((asked.how == mode::page ? as_page(rows) : as_text(rows)).c_str(), stdout);
  if (test::residues() != 0) return EXIT_FAILURE;
  if (asked.how != mode::check) return EXIT_SUCCESS;
  const auto broken = broken_promises(rows, asked.instructions_too);
  std::fputs(broken.c_str(), stdout);
  return broken.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

}  // namespace bpflink::bench

int main(int argc, char** argv) {
  try {
    return bpflink::bench::run(bpflink::bench::parse({argv + 1, argv + argc}));
  } catch (const bpflink::bench::bad_usage&) {
    std::fputs(bpflink::bench::usage, stderr);
    return EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
