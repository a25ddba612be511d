// SPDX-License-Identifier: MIT
// Entries of device maps, where each system call of writing them fails in turn, and of both sorts of maps that are
// read; writing those of CPU maps see xdp_map_refusals.cpp.
#include <sys/syscall.h>

#include <cerrno>
#include <functional>
#include <string>
#include <utility>

#include "faults.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "xdp_map_helpers.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
using faults::outcome;
using faults::outcome_of;

// The number of the program in the first entry; 0 for none, or where there is no entry.
std::uint32_t program_in(const test::fd& map) {
  const std::uint32_t key = 0;
  std::uint32_t value[2] = {};
  return test::map_lookup(map.get(), &key, &value) == 0 ? value[1] : 0;
}

void clear(const test::fd& map) {
  const std::uint32_t key = 0;
  static_cast<void>(test::map_delete(map.get(), &key));
}

bool only_compares(const test::system_call& call, int error) {
  return call.number == SYS_fstat || call.number == SYS_newfstatat || call.number == SYS_statx ||
         faults::may_work(call, error);
}

std::string in_child(const std::function<void()>& f) { return test::in_child(f, 100).failure(); }

// Of an entry with a program that afterwards nobody holds.
void expect_written_well(const interface_target& interface) {
  auto map = entry_map(test::map_type::devmap);
  auto program = load_entry(at::xdp_devmap);
  const device_map_entry entry{
      .map = fd_ref{map.get()}, .key = map_key{0}, .interface = interface, .program = borrow(program)};
  test::syscall_supervisor supervisor;
  const faults::operation write{.run = [&] { return outcome_of(write_entry(entry)); },
                                .after =
                                    [&](const outcome& ended, const std::string& where) {
                                      expect_equal(program_in(map), ended ? 0U : test::program_id(program.get()),
                                                   "program after " + where);
                                      clear(map);
                                    },
                                .tolerated = only_compares};
  expect(faults::fail_all(supervisor, faults::all_errors(), write) >= 2 * faults::all_errors().size());
  map.reset();
  faults::expect_freed(std::move(program));
}

// Refusals are read as those of writing are.
template <class Query>
void expect_read_well(const Query& asked) {
  test::syscall_supervisor supervisor;
  const faults::operation read{.run = [&] { return outcome_of(query(asked)); },
                               .after = [](const outcome&, const std::string&) {},
                               .also = {{EINVAL, errc::not_found}, {ENODEV, errc::invalid_argument}}};
  expect(faults::fail_all(supervisor, faults::all_errors(), read) >= 2 * faults::all_errors().size());
}

std::string needs_entries() {
  if (auto reason = test::needs_root(); !reason.empty()) return reason;
  if (auto reason = test::needs_supervisor(); !reason.empty()) return reason;
  return test::needs_kernel(5, 9, "programs in both maps");
}

}  // namespace

TEST_CASE("faults: writing an entry of a device map", "[faults]") {
  SKIP_IF(needs_entries());
  const bool elsewhere = GENERATE(false, true);
  CHECK(in_child([elsewhere] {
          const test::netns_fixture netns;
          if (elsewhere) {
            expect_written_well({ifindex{1}, fd_ref{netns.get()}});
          } else {
            netns.run([] { expect_written_well(ifindex{1}); });
          }
        }) == "");
}

TEST_CASE("faults: reading entries of device and CPU maps", "[faults]") {
  SKIP_IF(needs_entries());
  CHECK(in_child([] {
          const auto map = entry_map(test::map_type::devmap);
          expect_equal(sentence(write_entry(
                           device_map_entry{.map = fd_ref{map.get()}, .key = map_key{0}, .interface = ifindex{1}})),
                       "");
          expect_read_well(device_map_query{.map = fd_ref{map.get()}, .key = map_key{0}});
        }) == "");
  CHECK(in_child([] {
          const auto map = entry_map(test::map_type::cpumap, 1);
          expect_equal(sentence(write_entry(to_cpu(map, 0))), "");
          expect_read_well(cpu_map_query{.map = fd_ref{map.get()}, .cpu = cpu_number{0}});
        }) == "");
}

}  // namespace bpflink
