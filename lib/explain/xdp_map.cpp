// SPDX-License-Identifier: MIT
#include "explain/xdp_map.hpp"

#include <array>
#include <cerrno>
#include <string_view>

#include "attach/rules.hpp"
#include "explain/map.hpp"
#include "explain/program.hpp"
#include "explain/xdp.hpp"
#include "fdinfo.hpp"
#include "kernel/files.hpp"

namespace bpflink::explain {

namespace {

constexpr kernel::u32 longest_queue = 16384;
constexpr kernel::u32 key_size = sizeof(kernel::u32);
constexpr kernel::u32 size_with_program = sizeof(kernel::xdp_entry_value);

std::string_view sort_of(bool cpu) noexcept { return cpu ? "CPU" : "device"; }

attach_type attach_type_of(bool cpu) noexcept { return cpu ? attach_type::xdp_cpumap : attach_type::xdp_devmap; }

// Programs of one map have to agree on this.
constexpr std::string_view fragments = "do not agree on whether they handle packets in fragments";

// The program fits the entries of a new map and not those of this one.
diagnosis unlike_the_others(const entry_request& asked, kernel::failure failed) noexcept {
  if (failed.number == ENOMEM) {
    return {errc::system,
            cause::no_memory,
            text{"the kernel is out of memory, or the map's programs and {} {}: it says the same to both",
                 describe_program(*asked.program).view(), fragments},
            {}};
  }
  return {errc::invalid_argument, cause::bad_option,
          text{"the map's programs and {} {}", describe_program(*asked.program).view(), fragments},
          text{"load all of them with that flag, or none"}};
}

// There is an interface by now.
std::optional<diagnosis> unfit_entry_program(const entry_request& asked, kernel::failure failed) noexcept {
  if (!asked.program) return std::nullopt;
  const auto program = *asked.program;
  if (auto wrong = unfit_program(program, hooks::programs_of(attach_type::xdp))) return wrong;
  const auto own = asked.cpu ? kernel::map_type_cpumap : kernel::map_type_devmap;
  const auto fits = fits_entry(program, own, asked.first);
  if (!fits) return std::nullopt;
  if (*fits) return unlike_the_others(asked, failed);
  diagnosis why{errc::wrong_type, cause::wrong_expected_attach_type, describe_program(program), {}};
  const bool for_cpus = !asked.cpu && fits_entry(program, kernel::map_type_cpumap, shortest_queue).value_or(false);
  why.reason.add(" was {}loaded for the entries of {} maps", for_cpus ? "" : "not ",
                 sort_of(for_cpus ? true : asked.cpu));
  why.hint.add("load it with the expected attach type {}", to_string(attach_type_of(asked.cpu)));
  return why;
}

// What makes a map one that cannot be written, or read, from here.
std::optional<diagnosis> closed_to_us(const entry_request& asked, kernel::failure failed) noexcept {
  const bool writing = failed.call == operation::map_update;
  if (writing ? kernel::is_read_only(asked.map.get()) : kernel::is_write_only(asked.map.get())) {
    return diagnosis{errc::permission_denied,
                     cause::file_permission,
                     text{"the map's descriptor was opened for {} only", writing ? "reading" : "writing"},
                     {}};
  }
  std::array<char, 1024> buffer{};
  if (!writing || fdinfo_field(asked.map, "frozen", buffer) != "1") return std::nullopt;
  return diagnosis{errc::permission_denied,
                   cause::locked,
                   text{"the map was frozen (BPF_MAP_FREEZE): its entries stay as they are"},
                   {}};
}

diagnosis beyond_the_end(const entry_request& asked, const kernel::map_info_raw& shape) noexcept {
  if (shape.type == kernel::map_type_devmap_hash) {
    return {errc::limit, cause::too_many, text{"all of the map's {} entries are in use", shape.max_entries}, {}};
  }
  return {errc::invalid_argument,
          cause::bad_option,
          text{"entry {} is beyond the end of the map, which has {}", asked.key, shape.max_entries},
          {}};
}

}  // namespace

std::optional<bool> fits_entry(program_ref program, kernel::u32 map_type, kernel::u32 first) noexcept {
  const auto map = kernel::map_create(
      {.map_type = map_type, .key_size = key_size, .value_size = size_with_program, .max_entries = 1});
  if (!map) return std::nullopt;
  const kernel::u32 key = 0;
  const kernel::xdp_entry_value value{first, kernel::descriptor(program.fd().get())};
  const auto written = kernel::map_update(
      {.map_fd = kernel::descriptor(map->get()), .key = kernel::pointer(&key), .value = kernel::pointer(&value)});
  if (written) return true;
  // What the kernel says of a program that does not fit.
  if (written.error().number == (map_type == kernel::map_type_cpumap ? ENOMEM : EINVAL)) return false;
  return std::nullopt;
}

diagnosis unfit_entry_map(const entry_request& asked, const kernel::map_info_raw& shape) noexcept {
  if (auto wrong = no_map(asked.map)) return *wrong;
  if (!is_of_right_type(asked, shape)) {
    return {errc::wrong_type, cause::wrong_map_type, text{"the map is no {} map", sort_of(asked.cpu)}, {}};
  }
  return {errc::wrong_type, cause::wrong_map_type,
          text{"the map's values have {} bytes, and no room for a program", shape.value_size},
          text{"make it with values of {} bytes (since Linux {})", size_with_program, asked.cpu ? "5.9" : "5.8"}};
}

diagnosis unknown_entry_map(const entry_request& asked, kernel::failure failed) noexcept {
  if (failed.number == EBADF || failed.number == EBADFD || failed.number == EINVAL) {
    if (auto wrong = no_map(asked.map)) return *wrong;
  }
  return diagnose(failed);
}

diagnosis refused_entry(const entry_request& asked, const kernel::map_info_raw& shape,
                        kernel::failure failed) noexcept {
  const bool writing = failed.call == operation::map_update;
  switch (failed.number) {
    case EINVAL:
      if (writing && !asked.cpu) {
        if (auto missing = no_interface(asked.first)) return *missing;
      }
      [[fallthrough]];
    case ENOMEM:  // all that a CPU map says of a program
      if (auto wrong = unfit_entry_program(asked, failed)) return *wrong;
      break;
    case E2BIG:
      return beyond_the_end(asked, shape);
    case ENODEV:
      if (!writing || !asked.cpu) break;
      return {errc::invalid_argument, cause::bad_option, text{"this machine has no CPU {}", asked.key}, {}};
    case EOVERFLOW:
      if (!writing) break;
      return {errc::invalid_argument,
              cause::bad_option,
              text{"a queue holds {} packets at most, not {}", longest_queue, asked.first},
              {}};
    case ENOENT:
      return {errc::not_found, cause::no_such_id, text{"the entry is empty"}, {}};
    case EPERM:
      if (auto wrong = closed_to_us(asked, failed)) return *wrong;
      break;
    default:
      break;
  }
  return diagnose(failed);
}

}  // namespace bpflink::explain
