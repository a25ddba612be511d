// SPDX-License-Identifier: MIT
#include "kernel/interface.hpp"

#include <cerrno>

#include "attach/netns_target.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/interface_target.hpp"
#include "failure.hpp"

namespace bpflink {

namespace {

attempt attempted(zstring_view name, const netns_target& netns) noexcept {
  attempt what{text{"find interface"}, {}, text{"'{}'", name.view()}};
  if (!netns.is_current()) what.target.add(" in {}", hooks::describe_from_outside(netns).view());
  return what;
}

// In the namespace.
expected<ifindex> find_here(zstring_view name, const netns_target& netns) noexcept {
  const auto found = kernel::interface_index(name.c_str());
  if (found) return *ifindex::from(*found);
  auto why = diagnose(found.error());
  if (found.error().number == ENODEV) {
    why = {errc::not_found,
           cause::no_such_interface,
           text{"no interface {} has this name", netns.is_current() ? "here" : "there"},
           {}};
  }
  return tl::unexpected(make_error(attempted(name, netns), found.error(), why));
}

expected<ifindex> find(zstring_view name, const netns_target& netns) noexcept {
  if (name.empty() || name.view().size() > kernel::longest_interface_name) {
    return tl::unexpected(
        refuse(attempted(name, netns), {errc::invalid_argument,
                                        cause::bad_option,
                                        text{"an interface's name has 1 to {} bytes", kernel::longest_interface_name},
                                        {}}));
  }
  return hooks::in_netns_of(
      netns, [&] { return attempted(name, netns); }, [&] { return find_here(name, netns); });
}

}  // namespace

expected<ifindex> ifindex::from_name(zstring_view name) noexcept { return find(name, netns_target::current()); }

expected<interface_target> interface_target::from_name(zstring_view name, netns_target netns) noexcept {
  const auto found = find(name, netns);
  if (!found) return tl::unexpected(found.error());
  return interface_target{*found, netns};
}

}  // namespace bpflink
