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
constexpr int all_passes = 3;
constexpr std::size_t all_rounds = 20;

constexpr const char* usage =
    "usage: bench [--only TEXT] [--markdown | --check [--without-instructions] | --loop raw|ours|libbpf TIMES]\n"
    "  Compares the library's operations with the bare system calls and with libbpf. As root.\n"
    "  --only TEXT   the operations with this in their name\n"
    "  --markdown    as in the page docs/benchmarks.md\n"
    "  --check       verify what is exact: calls, allocations, instructions; times are shown and not judged\n"
    "  --loop        only do the operations on one side so many times, for a profiler\n";

enum class mode { text, page, check, loop };

struct request {
  mode how = mode::text;
  std::string only;
  bool instructions_too = true;
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

const side& at(const sides& of, place where) {
  if (where == our_place) return of.ours;
  return where == libbpf_place ? of.libbpf : of.raw;
}

// Before the race: what the C library does in a process that has had threads is not what it does in one without.
void count_all(std::vector<row>& rows, stage& on) {
  for (auto& each : rows) {
    if (!each.missing().empty()) continue;
    const auto of_row = each.prepare(on);
    for (const auto where : {raw_place, our_place, libbpf_place}) {
      if (at(of_row, where).work) each.exact.at(where) = count(at(of_row, where));
    }
  }
}

void race_all(std::vector<row>& rows, stage& on, std::size_t rounds) {
  for (auto& each : rows) {
    if (!each.missing().empty()) continue;
    const auto of_row = each.prepare(on);
    each.times.race({&of_row.raw, &of_row.ours, &of_row.libbpf, &of_row.raw}, rounds);
  }
}

std::vector<row> rows_named(const std::string& part) {
  auto rows = all_rows();
  std::erase_if(rows, [&part](const row& each) { return each.name.find(part) == std::string::npos; });
  if (rows.empty()) throw bad_usage{};
  return rows;
}

int loop(const request& asked, const std::vector<row>& rows, stage& on) {
  for (const auto& each : rows) {
    if (!each.missing().empty()) continue;
    const auto of_row = each.prepare(on);
    const auto& one = at(of_row, asked.loop_side);
    if (!one.work) continue;
    for (std::size_t times = 0; times < asked.loop_times; ++times) {
      one.work(1);
      if (one.undo) one.undo(ending::one_by_one);
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
  end_when_asked();
  test::raise_memory_lock();
  enter_own_namespaces();
  {
    stage on;
    if (asked.how == mode::loop) return loop(asked, rows, on);
    count_all(rows, on);
    if (asked.how == mode::check) {
      race_all(rows, on, 1);
    } else {
      // What else the machine does comes and goes: each row gets its rounds at several times.
      for (int pass = 0; pass < all_passes; ++pass) race_all(rows, on, all_rounds);
    }
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
