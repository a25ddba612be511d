// SPDX-License-Identifier: MIT
// Why an entry of a device or CPU map was not written: each cause made to happen.
#include <fcntl.h>

#include <cerrno>
#include <string>

#include "errors.hpp"
#include "faults.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "xdp_map_helpers.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;

const std::string at_lo = "write device map entry 0 of descriptor N, for interface N (lo): ";
const std::string at_cpu = "write CPU map entry 0 of descriptor N: ";

device_map_entry to_lo(int map, std::optional<program_ref> program = {}, std::uint32_t key = 0) {
  return {.map = fd_ref{map}, .key = map_key{key}, .interface = index_of("lo"), .program = program};
}
// A CPU that the kernel could serve and the machine has not got; 0 where it has them all.
std::uint32_t absent_cpu() {
  const auto last = [](const std::string& file) {
    const auto text = test::read_file("/sys/devices/system/cpu/" + file);
    return static_cast<std::uint32_t>(std::stoul(text.substr(text.find_last_of("-,") + 1)));
  };
  return last("kernel_max") > last("possible") ? last("kernel_max") : 0;
}

cpu_map_entry to_cpu_zero(int map, std::optional<program_ref> program = {}, std::uint32_t queue_size = 64) {
  return {.map = fd_ref{map}, .cpu = cpu_number{0}, .queue_size = queue_size, .program = program};
}

}  // namespace

TEST_CASE("xdp_map: a request that cannot be is refused before any system call", "[xdp_map]") {
  const error_table table;
  table.row(write_entry(to_lo(-1)),
            {errc::bad_handle, cause::empty_handle, 0, "write device map entry 0: the map handle is empty"});
  table.row(write_entry(to_lo(1000, fd_ref{})),
            {errc::bad_handle, cause::empty_handle, 0, at_lo + "the program handle is empty"});
  table.row(write_entry(to_lo(1000, fd_ref{0})),
            {errc::invalid_argument, cause::bad_option, 0,
             at_lo + "the program's descriptor is 0, which means none to the kernel; duplicate it to another number"});
  table.row(write_entry(to_cpu_zero(1000, {}, 0)),
            {errc::invalid_argument, cause::bad_option, 0, at_cpu + "a queue for 0 packets would delete the entry"});
  table.row(query(device_map_query{.map = fd_ref{}, .key = map_key{7}}),
            {errc::bad_handle, cause::empty_handle, 0, "read device map entry 7: the map handle is empty"});
}

TEST_CASE("xdp_map: a map that is none, or another one, takes no entry", "[xdp_map]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "programs in both"));
  const error_table table;
  const auto program = load_entry(at::xdp_devmap);
  const auto null = test::open_file("/dev/null", O_RDONLY);
  const std::string asking = " (BPF_OBJ_GET_INFO_BY_FD: ";
  table.row(write_entry(to_lo(9999)), {errc::bad_handle, cause::closed_descriptor, EBADFD,
                                       at_lo + "the map's descriptor N is closed" + asking + "EBADFD)"});
  table.row(write_entry(to_lo(null.get())), {errc::wrong_type, cause::not_a_map, EINVAL,
                                             at_lo + "the map's descriptor is not that of a map" + asking + "EINVAL)"});
  table.row(write_entry(to_lo(program.get())),
            {errc::wrong_type, cause::not_a_map, 0, at_lo + "the map's descriptor is not that of a map"});
  // The kernel would take the interface and the descriptor for a value.
  const auto array = test::counter_map();
  table.row(write_entry(to_lo(array.get(), borrow(program))),
            {errc::wrong_type, cause::wrong_map_type, 0, at_lo + "the map is no device map"});
  CHECK(test::counter(array.get()) == 0);
  table.row(write_entry(to_cpu_zero(array.get())),
            {errc::wrong_type, cause::wrong_map_type, 0, at_cpu + "the map is no CPU map"});
  const auto small = test::create_map(test::map_type::devmap, 4, 4);
  table.row(write_entry(to_lo(small.get(), borrow(program))),
            {errc::wrong_type, cause::wrong_map_type, 0,
             at_lo + "the map's values have 4 bytes, and no room for a program; make it with values of 8 bytes (since "
                     "Linux 5.8)"});
  CHECK(sentence(write_entry(to_lo(small.get()))) == "");
}

TEST_CASE("xdp_map: a program that does not fit an entry is told", "[xdp_map]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "programs in both"));
  const error_table table;
  const auto devices = entry_map(test::map_type::devmap);
  const auto cpus = entry_map(test::map_type::cpumap, 1);
  const auto for_devices = load_entry(at::xdp_devmap, xdp_pass, "devices");
  const auto for_cpus = load_entry(at::xdp_cpumap, xdp_pass, "cpus");
  const auto plain = load_xdp(xdp_pass, "plain");
  const auto filter = test::load({.type = test::prog_type::socket_filter, .name = "filter"});
  const auto device_row = [&](program_ref program, errc code, cause why, const std::string& words) {
    table.row(write_entry(to_lo(devices.get(), program)),
              {code, why, EINVAL, at_lo + words + " (BPF_MAP_UPDATE_ELEM: EINVAL)"});
  };
  // The kernel says ENOMEM of every program that it does not take here.
  const auto cpu_row = [&](program_ref program, errc code, cause why, const std::string& words) {
    table.row(write_entry(to_cpu_zero(cpus.get(), program)),
              {code, why, ENOMEM, at_cpu + words + " (BPF_MAP_UPDATE_ELEM: ENOMEM)"});
  };
  const auto wrong_type = errc::wrong_type;
  const auto attach_type = cause::wrong_expected_attach_type;
  device_row(fd_ref{9999}, errc::bad_handle, cause::closed_descriptor, "the program's descriptor N is closed");
  device_row(fd_ref{devices.get()}, wrong_type, cause::not_a_program, "the program's descriptor is that of a map");
  device_row(borrow(filter), wrong_type, cause::wrong_program_type,
             "program 'filter' (id N) is of type socket_filter, this hook takes xdp");
  device_row(borrow(for_cpus), wrong_type, attach_type,
             "program 'cpus' (id N) was loaded for the entries of CPU maps; load it with the expected attach type "
             "xdp_devmap");
  device_row(borrow(plain), wrong_type, attach_type,
             "program 'plain' (id N) was not loaded for the entries of device maps; load it with the expected attach "
             "type xdp_devmap");

  cpu_row(fd_ref{9999}, errc::bad_handle, cause::closed_descriptor, "the program's descriptor N is closed");
  cpu_row(fd_ref{cpus.get()}, wrong_type, cause::not_a_program, "the program's descriptor is that of a map");
  cpu_row(borrow(filter), wrong_type, cause::wrong_program_type,
          "program 'filter' (id N) is of type socket_filter, this hook takes xdp");
  for (const auto* const program : {&for_devices, &plain}) {
    const std::string name = program == &plain ? "plain" : "devices";
    cpu_row(borrow(*program), wrong_type, attach_type,
            "program '" + name +
                "' (id N) was not loaded for the entries of CPU maps; load it with the expected "
                "attach type xdp_cpumap");
  }
}

TEST_CASE("xdp_map: programs that do not agree on fragments are told", "[xdp_map]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 18, "packets in fragments"));
  constexpr std::uint32_t has_fragments = 1U << 5U;  // BPF_F_XDP_HAS_FRAGS
  const error_table table;
  const auto devices = entry_map(test::map_type::devmap);
  const auto cpus = entry_map(test::map_type::cpumap, 1);
  const auto load_with_fragments = [](std::uint32_t where) {
    return test::load({.type = test::prog_type::xdp,
                       .code = test::return_value(xdp_pass),
                       .expected_attach_type = where,
                       .name = "other",
                       .flags = has_fragments});
  };
  const auto plain = load_entry(at::xdp_devmap);
  const auto other = load_with_fragments(at::xdp_devmap);
  REQUIRE(sentence(write_entry(to_lo(devices.get(), borrow(plain)))) == "");
  table.row(write_entry(to_lo(devices.get(), borrow(other))),
            {errc::invalid_argument, cause::bad_option, EINVAL,
             at_lo + "the map's programs and program 'other' (id N) do not agree on whether they handle packets in "
                     "fragments; load all of them with that flag, or none (BPF_MAP_UPDATE_ELEM: EINVAL)"});
  const auto plain_cpu = load_entry(at::xdp_cpumap);
  const auto other_cpu = load_with_fragments(at::xdp_cpumap);
  REQUIRE(sentence(write_entry(to_cpu_zero(cpus.get(), borrow(plain_cpu)))) == "");
  table.row(write_entry(to_cpu_zero(cpus.get(), borrow(other_cpu))),
            {errc::system, cause::no_memory, ENOMEM,
             at_cpu + "the kernel is out of memory, or the map's programs and program 'other' (id N) do not agree on "
                      "whether they handle packets in fragments: it says the same to both (BPF_MAP_UPDATE_ELEM: "
                      "ENOMEM)"});
}

TEST_CASE("xdp_map: an entry that cannot be is told", "[xdp_map]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "programs in both"));
  const error_table table;
  const auto devices = entry_map(test::map_type::devmap, 4);
  const auto hash = entry_map(devmap_hash, 1);
  const auto cpus = entry_map(test::map_type::cpumap, 1);
  const std::string update = " (BPF_MAP_UPDATE_ELEM: ";
  table.row(write_entry(to_lo(devices.get(), {}, 4)),
            {errc::invalid_argument, cause::bad_option, E2BIG,
             "write device map entry 4 of descriptor N, for interface N (lo): entry 4 is beyond the end of the map, "
             "which has 4" +
                 update + "E2BIG)"});
  REQUIRE(sentence(write_entry(to_lo(hash.get(), {}, 700))) == "");
  table.row(write_entry(to_lo(hash.get(), {}, 701)),
            {errc::limit, cause::too_many, E2BIG,
             "write device map entry 701 of descriptor N, for interface N (lo): all of the map's 1 entries are in use" +
                 update + "E2BIG)"});
  const auto nowhere = write_entry({.map = fd_ref{devices.get()}, .key = map_key{0}, .interface = index_of(77777)});
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error() == errc::not_found);
  CHECK(nowhere.error().cause() == cause::no_such_interface);
  CHECK_THAT(nowhere.error().message(), test::contains("no interface of this network namespace has the index 77777"));
  table.row(
      write_entry({.map = fd_ref{cpus.get()}, .cpu = cpu_number{1}, .queue_size = 64}),
      {errc::invalid_argument, cause::bad_option, E2BIG,
       "write CPU map entry 1 of descriptor N: entry 1 is beyond the end of the map, which has 1" + update + "E2BIG)"});
  table.row(write_entry(to_cpu_zero(cpus.get(), {}, 16385)),
            {errc::invalid_argument, cause::bad_option, EOVERFLOW,
             at_cpu + "a queue holds 16384 packets at most, not 16385" + update + "EOVERFLOW)"});
  if (const auto cpu = absent_cpu(); cpu != 0) {
    const auto wide = entry_map(test::map_type::cpumap, cpu + 1);
    table.row(write_entry({.map = fd_ref{wide.get()}, .cpu = cpu_number{cpu}, .queue_size = 64}),
              {errc::invalid_argument, cause::bad_option, ENODEV,
               "write CPU map entry " + std::to_string(cpu) + " of descriptor N: this machine has no CPU " +
                   std::to_string(cpu) + update + "ENODEV)"});
  }
  table.row(query(cpu_map_query{.map = fd_ref{cpus.get()}, .cpu = cpu_number{0}}),
            {errc::not_found, cause::no_such_id, ENOENT,
             "read CPU map entry 0 of descriptor N: the entry is empty (BPF_MAP_LOOKUP_ELEM: ENOENT)"});
}

TEST_CASE("faults: entries of device and CPU maps", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "programs in both"));
  CHECK(test::in_child(
            [] {
              const auto map = entry_map(test::map_type::cpumap, 1);
              const auto program = load_entry(at::xdp_cpumap);
              const auto wrong = load_entry(at::xdp_devmap);
              const cpu_map_query asked{.map = fd_ref{map.get()}, .cpu = cpu_number{0}};
              test::syscall_supervisor supervisor;
              const auto checked = [&](const faults::outcome& ended, const std::string& where) {
                expect(query(asked).has_value() == !ended, "the entry after " + where);
                const std::uint32_t key = 0;
                test::map_delete(map.get(), &key);
              };
              const auto entry = to_cpu_zero(map.get(), borrow(program));
              expect(faults::fail_all(supervisor, faults::all_errors(),
                                      {.run = [&] { return faults::outcome_of(write_entry(entry)); },
                                       .after = checked,
                                       .also = {{ENODEV, errc::invalid_argument},
                                                {E2BIG, errc::invalid_argument},
                                                {EINVAL, errc::wrong_type},
                                                {ENOMEM, errc::wrong_type}}}) >= 2 * faults::all_errors().size());
              expect(faults::fail_refused(supervisor, ENOMEM,
                                          [&] { return write_entry(to_cpu_zero(map.get(), borrow(wrong))); }) > 0);
            },
            100)
            .failure() == "");
}

}  // namespace bpflink
