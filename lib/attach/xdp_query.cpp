// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstdint>
#include <optional>

#include "attach/netns_target.hpp"
#include "bpflink/attach/xdp.hpp"
#include "explain/xdp.hpp"
#include "explain/xdp_holder.hpp"
#include "failure.hpp"
#include "kernel/xdp.hpp"

namespace bpflink {

namespace {

attempt attempted(const xdp_query& asked) noexcept {
  return {text{"query xdp"}, "of", hooks::describe(asked.interface)};
}

[[gnu::cold, gnu::noinline]] expected<xdp_programs> not_told(const xdp_query& asked, kernel::failure failed) noexcept {
  auto why = diagnose(failed);
  if (failed.number == ENODEV) why = explain::no_interface(asked.interface.index().value()).value_or(why);
  return tl::unexpected(make_error(attempted(asked), failed, why));
}

// In the interface's network namespace.
expected<xdp_programs> query_here(const xdp_query& asked) noexcept {
  const auto socket = kernel::open_rtnetlink(kernel::netlink_words::unwanted);
  if (!socket) return not_told(asked, socket.error());
  const auto interface = asked.interface.index().value();
  const auto state = kernel::query_xdp(socket->get(), interface);
  if (!state) return not_told(asked, state.error().why);

  const auto told = [&](std::uint32_t program, xdp_mode mode) -> std::optional<xdp_attached> {
    if (program == 0) return std::nullopt;
    xdp_attached there{.program = program_id{program}};
    if (!asked.holders) return there;
    const auto holder = explain::holder_of_xdp(socket->get(), interface, static_cast<std::uint32_t>(mode), program);
    there.held_by = holder.by;
    there.link = holder.link;
    return there;
  };
  return xdp_programs{.generic = told(state->generic, xdp_mode::generic),
                      .native = told(state->native, xdp_mode::native),
                      .offload = told(state->offload, xdp_mode::offload)};
}

}  // namespace

expected<xdp_programs> query(const xdp_query& asked) noexcept {
  return hooks::in_netns_of(
      asked.interface, [&] { return attempted(asked); }, [&] { return query_here(asked); });
}

}  // namespace bpflink
