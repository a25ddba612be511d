// SPDX-License-Identifier: MIT
#include "explain/xdp.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include "attach/rules.hpp"
#include "explain/capability.hpp"
#include "explain/feature.hpp"
#include "explain/program.hpp"
#include "explain/xdp_holder.hpp"
#include "explain/xdp_map.hpp"
#include "kernel/bpf.hpp"
#include "kernel/interface.hpp"
#include "kernel/xdp.hpp"

namespace bpflink::explain {

namespace {

struct attached_program {
  kernel::u32 id = 0;
  kernel::u32 mode = 0;  // XDP_FLAGS_*_MODE
};

std::string_view mode_word(kernel::u32 mode) noexcept {
  return mode == kernel::xdp_generic ? "generic" : mode == kernel::xdp_native ? "native" : "offload";
}

// The iproute2 word for a mode.
std::string_view tool_word(kernel::u32 mode) noexcept {
  return mode == kernel::xdp_generic ? "xdpgeneric" : mode == kernel::xdp_native ? "xdpdrv" : "xdpoffload";
}

// Generic and native exclude each other; the device is a place apart.
attached_program in_the_way(const kernel::xdp_state& state, kernel::u32 wanted) noexcept {
  const attached_program generic{state.generic, kernel::xdp_generic};
  const attached_program native{state.native, kernel::xdp_native};
  if (wanted == kernel::xdp_offload) return {state.offload, kernel::xdp_offload};
  if (wanted == kernel::xdp_generic) return generic.id != 0 ? generic : native;
  return native.id != 0 ? native : generic;
}

// Nothing is attached to the interface. To a request that changes nothing the kernel then says EEXIST only where
// something is attached to an interface above (a MACVLAN, say), which nothing here leads to.
std::optional<diagnosis> taken_above(int socket, xdp_place place) noexcept {
  const auto asked = kernel::replace_xdp(socket, place.interface, kernel::no_program, kernel::no_program, place.flags);
  if (asked || asked.error().why.number != EEXIST) return std::nullopt;
  return diagnosis{errc::busy, cause::slot_taken,
                   text{"a program is attached to an interface that is stacked on this one"},
                   text{"ip -d link shows both"}};
}

diagnosis taken(int socket, xdp_place place, attached_program there) noexcept {
  diagnosis why{errc::busy, cause::slot_taken, describe_program(program_id{there.id}), {}};
  why.reason.add(" is attached there in {} mode", mode_word(there.mode));
  const auto holder = holder_of_xdp(socket, place.interface, there.mode, there.id);
  if (holder.by == mechanism::link) {
    holder.link ? why.reason.add(", held by the link with id {}", holder.link->value())
                : why.reason.add(", held by a link");
    why.hint.add("update or detach that link");
  } else if (holder.by == mechanism::netlink) {
    why.reason.add(", by netlink");
    const auto name = kernel::interface_name(place.interface);
    if (name) why.hint.add("ip link set dev {} {} off takes it away", name->view(), tool_word(there.mode));
  }
  if (place.flags != 0 && place.flags != there.mode) {
    why.reason.add("; generic and native programs exclude each other");
  }
  return why;
}

// Only programs that were loaded for a device have an interface.
bool is_for_no_device(program_ref program) noexcept {
  kernel::prog_info_raw info{};
  return kernel::obj_get_info(program.fd().get(), &info, sizeof info) && info.ifindex == 0;
}

}  // namespace

text describe_interface(std::uint32_t index) noexcept {
  text words{"interface {}", index};
  if (const auto name = kernel::interface_name(index)) words.add(" ({})", name->view());
  return words;
}

std::optional<diagnosis> no_interface(std::uint32_t index) noexcept {
  if (!kernel::interface_missing(index)) return std::nullopt;
  return diagnosis{errc::not_found, cause::no_such_interface,
                   text{"no interface of this network namespace has the index {}", index},
                   text{"an index belongs to a network namespace: name the interface's"}};
}

std::optional<diagnosis> occupied(xdp_place place) noexcept {
  const auto socket = kernel::open_rtnetlink();
  if (!socket) return std::nullopt;
  const auto state = kernel::query_xdp(socket->get(), place.interface);
  if (!state) return std::nullopt;
  if (const auto there = in_the_way(*state, place.flags); there.id != 0) return taken(socket->get(), place, there);
  const auto master = kernel::master_of(socket->get(), place.interface);
  if (!master) return std::nullopt;
  if (*master == 0) return taken_above(socket->get(), place);
  const auto above = kernel::query_xdp(socket->get(), *master);
  if (!above) return std::nullopt;
  const auto id = above->native != 0 ? above->native : above->generic != 0 ? above->generic : above->offload;
  if (id == 0) return taken_above(socket->get(), place);
  return diagnosis{errc::busy,
                   cause::slot_taken,
                   text{"{} is attached to {}, which this one is a part of", describe_program(program_id{id}).view(),
                        describe_interface(*master).view()},
                   {}};
}

std::optional<diagnosis> unfit_xdp_program(xdp_place place, program_ref program) noexcept {
  if (place.flags == kernel::xdp_offload && is_for_no_device(program)) {
    return diagnosis{
        errc::invalid_argument,
        cause::bad_option,
        text{"{} was not loaded for a device, and offload takes no other", describe_program(program).view()},
        {}};
  }
  const bool for_devices = fits_entry(program, kernel::map_type_devmap, place.interface).value_or(false);
  if (!for_devices && !fits_entry(program, kernel::map_type_cpumap, shortest_queue).value_or(false)) {
    return std::nullopt;
  }
  return diagnosis{
      errc::wrong_type, cause::wrong_expected_attach_type,
      text{"{} was loaded for {}: it runs in the entries of a {} map only", describe_program(program).view(),
           to_string(for_devices ? attach_type::xdp_devmap : attach_type::xdp_cpumap), for_devices ? "device" : "CPU"},
      text{"load it with the expected attach type xdp, or with none"}};
}

diagnosis xdp(xdp_place place, program_ref program, kernel::failure failed) noexcept {
  std::optional<diagnosis> why;
  const auto established = [&why](const std::optional<diagnosis>& found) {
    why = found;
    return why.has_value();
  };
  switch (failed.number) {
    case EBADF:
    case EINVAL:
      if (established(unfit_program(program, hooks::programs_of(attach_type::xdp)))) return *why;
      if (established(no_interface(place.interface))) return *why;
      if (failed.call == operation::link_create && established(missing_feature(feature::xdp_links))) return *why;
      if (established(unfit_xdp_program(place, program))) return *why;
      return failed.call == operation::link_create ? by_feature(failed, feature::xdp_links) : diagnose(failed);
    case ENODEV:
      if (established(no_interface(place.interface))) return *why;
      break;
    case EBUSY:
    case EEXIST:
      if (established(occupied(place))) return *why;
      return {errc::busy, cause::unknown, text{"another program is in the way"}, {}};
    case EOPNOTSUPP:
      return {errc::not_supported, cause::driver,
              place.flags == 0 ? text{"the interface's driver refuses XDP"}
                               : text{"the interface's driver has no XDP in {} mode", mode_word(place.flags)},
              text{"{}", place.flags == kernel::xdp_native ? "generic mode works on every interface" : ""}};
    case EPERM:
      // CAP_SYS_ADMIN does not serve here. A link takes no capability.
      if (failed.call == operation::netlink_set_xdp &&
          established(missing_capability({kernel::capability::net_admin}, kernel::capability::net_admin))) {
        return *why;
      }
      break;
    default:
      break;
  }
  return diagnose(failed);
}

}  // namespace bpflink::explain
