// SPDX-License-Identifier: MIT
// Device and CPU maps that cannot be written, or read, from here.
#include <cerrno>
#include <string>

#include "errors.hpp"
#include "support/privileges.hpp"
#include "xdp_map_helpers.hpp"

namespace bpflink {

namespace {

constexpr std::uint32_t for_reading = 1U << 3U;  // BPF_F_RDONLY
constexpr std::uint32_t for_writing = 1U << 4U;  // BPF_F_WRONLY

int freeze(const test::fd& map) {
  constexpr std::uint32_t map_freeze = 22;  // BPF_MAP_FREEZE
  test::attribute attr;
  return static_cast<int>(attr.put(0, map.get()).call(map_freeze, 4));
}

test::fd opened_for(std::uint32_t access, const test::fd& map) {
  test::attribute attr;
  attr.put(0, test::map_id(map.get())).put(8, access);
  return test::must(test::fd(attr.call(test::command::map_get_fd_by_id, 12)), "opening a map");
}

device_map_entry to_lo(const test::fd& map) { return to_interface(map, 0, "lo"); }

const std::string writing_device = "write device map entry 0 of descriptor N, for interface N (lo): ";
const std::string writing_cpu = "write CPU map entry 0 of descriptor N: ";

}  // namespace

TEST_CASE("xdp_map: a frozen map is told, and keeps its entries", "[xdp_map]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 2, "maps that can be frozen"));
  const error_table table;
  const auto devices = test::create_map(test::map_type::devmap, 4, 4);
  const auto cpus = test::create_map(test::map_type::cpumap, 4, 4);
  REQUIRE(sentence(write_entry(to_lo(devices))) == "");
  for (const auto* const map : {&devices, &cpus}) REQUIRE(freeze(*map) == 0);
  const std::string words =
      "the map was frozen (BPF_MAP_FREEZE): its entries stay as they are (BPF_MAP_UPDATE_ELEM: EPERM)";
  table.row(write_entry(to_lo(devices)), {errc::permission_denied, cause::locked, EPERM, writing_device + words});
  table.row(write_entry(to_cpu(cpus, 0)), {errc::permission_denied, cause::locked, EPERM, writing_cpu + words});
  const auto there = query(device_map_query{.map = fd_ref{devices.get()}, .key = map_key{0}});
  REQUIRE(sentence(there) == "");
  CHECK(there->interface == index_of("lo"));
}

TEST_CASE("xdp_map: a map's descriptor that is for reading only, or for writing only, is told", "[xdp_map]") {
  SKIP_IF(test::needs_root());
  const error_table table;
  const auto devices = test::create_map(test::map_type::devmap, 4, 4);
  const auto cpus = test::create_map(test::map_type::cpumap, 4, 4);
  REQUIRE(sentence(write_entry(to_lo(devices))) == "");
  const auto denied = [&](const auto& result, const std::string& line) {
    table.row(result, {errc::permission_denied, cause::file_permission, EPERM, line});
  };
  const std::string only_read = "the map's descriptor was opened for reading only (BPF_MAP_UPDATE_ELEM: EPERM)";
  denied(write_entry(to_lo(opened_for(for_reading, devices))), writing_device + only_read);
  denied(write_entry(to_cpu(opened_for(for_reading, cpus), 0)), writing_cpu + only_read);
  const auto reading = opened_for(for_reading, devices);
  CHECK(sentence(query(device_map_query{.map = fd_ref{reading.get()}, .key = map_key{0}})) == "");

  const auto writing = opened_for(for_writing, devices);
  CHECK(sentence(write_entry(to_lo(writing))) == "");
  denied(query(device_map_query{.map = fd_ref{writing.get()}, .key = map_key{0}}),
         "read device map entry 0 of descriptor N: the map's descriptor was opened for writing only "
         "(BPF_MAP_LOOKUP_ELEM: EPERM)");
}

}  // namespace bpflink
