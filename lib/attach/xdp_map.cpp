// SPDX-License-Identifier: MIT
#include "bpflink/attach/xdp_map.hpp"

#include "attach/netns_target.hpp"
#include "explain/xdp_map.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/map.hpp"

namespace bpflink {

namespace {

using explain::entry_request;

entry_request request_of(const device_map_entry& entry) noexcept {
  return {entry.map.fd(), entry.key.value(), entry.interface.index().value(), entry.program, false};
}
entry_request request_of(const cpu_map_entry& entry) noexcept {
  return {entry.map.fd(), entry.cpu.value(), entry.queue_size, entry.program, true};
}
entry_request request_of(const device_map_query& asked) noexcept {
  return {asked.map.fd(), asked.key.value(), 0, std::nullopt, false};
}
entry_request request_of(const cpu_map_query& asked) noexcept {
  return {asked.map.fd(), asked.cpu.value(), 0, std::nullopt, true};
}

attempt attempted(std::string_view verb, std::string_view joint, const entry_request& asked) noexcept {
  attempt what{text{"{} {} map entry {}", verb, asked.cpu ? "CPU" : "device", asked.key}, joint, {}};
  if (asked.map) what.target.add("descriptor {}", asked.map.get());
  return what;
}
attempt attempted(const device_map_entry& entry) noexcept {
  auto what = attempted("write", "of", request_of(entry));
  if (entry.map.fd()) what.target.add(", for {}", hooks::describe(entry.interface).view());
  return what;
}
attempt attempted(const cpu_map_entry& entry) noexcept { return attempted("write", "of", request_of(entry)); }
attempt attempted(const device_map_query& asked) noexcept { return attempted("read", "of", request_of(asked)); }
attempt attempted(const cpu_map_query& asked) noexcept { return attempted("read", "of", request_of(asked)); }

bool is_right(const kernel::map_info_raw& shape, const entry_request& asked) noexcept {
  const bool with_program = shape.value_size == sizeof(kernel::xdp_entry_value);
  return explain::is_of_right_type(asked, shape) && shape.key_size == sizeof(kernel::u32) &&
         (with_program || (!asked.program && shape.value_size == sizeof(kernel::u32)));
}

// What can be said without a system call.
std::optional<diagnosis> contradiction(const entry_request& asked) noexcept {
  if (asked.program && !asked.program->fd()) {
    return diagnosis{errc::bad_handle, cause::empty_handle, text{"the program handle is empty"}, {}};
  }
  if (asked.program && asked.program->fd().get() == 0) {
    return diagnosis{errc::invalid_argument, cause::bad_option,
                     text{"the program's descriptor is 0, which means none to the kernel"},
                     text{"duplicate it to another number"}};
  }
  if (asked.cpu && asked.first == 0) {
    return diagnosis{
        errc::invalid_argument, cause::bad_option, text{"a queue for 0 packets would delete the entry"}, {}};
  }
  return std::nullopt;
}

// A map of another sort would take other bytes than these for a value: the kernel is asked first.
template <class Request, class Words, class Function>
auto with_map(const Request& asked, const Words& words, const Function& function) noexcept
    -> decltype(function(kernel::map_info_raw{})) {
  if (!asked.map) return tl::unexpected(refuse_empty(words(), "map"));
  const auto shape = kernel::info_of_map(asked.map);
  if (!shape)
    return tl::unexpected(make_error(words(), shape.error(), explain::unknown_entry_map(asked, shape.error())));
  if (!is_right(*shape, asked)) return tl::unexpected(refuse(words(), explain::unfit_entry_map(asked, *shape)));
  return function(*shape);
}

template <class Entry>
expected<void> write_here(const Entry& entry) noexcept {
  const auto asked = request_of(entry);
  const auto words = [&] { return attempted(entry); };
  return with_map(asked, words, [&](const kernel::map_info_raw& shape) -> expected<void> {
    const kernel::xdp_entry_value value{asked.first, asked.program ? kernel::descriptor(asked.program->fd().get()) : 0};
    const auto written = kernel::map_update({.map_fd = kernel::descriptor(asked.map.get()),
                                             .key = kernel::pointer(&asked.key),
                                             .value = kernel::pointer(&value)});
    if (written) return {};
    return tl::unexpected(make_error(words(), written.error(), explain::refused_entry(asked, shape, written.error())));
  });
}

template <class Query>
expected<kernel::xdp_entry_value> read(const Query& query) noexcept {
  const auto asked = request_of(query);
  const auto words = [&] { return attempted(query); };
  return with_map(asked, words, [&](const kernel::map_info_raw& shape) -> expected<kernel::xdp_entry_value> {
    kernel::xdp_entry_value value{};
    const auto found = kernel::map_lookup({.map_fd = kernel::descriptor(asked.map.get()),
                                           .key = kernel::pointer(&asked.key),
                                           .value = kernel::pointer(&value)});
    if (found) return value;
    return tl::unexpected(make_error(words(), found.error(), explain::refused_entry(asked, shape, found.error())));
  });
}

std::optional<program_id> program_of(const kernel::xdp_entry_value& value) noexcept {
  return value.program != 0 ? std::optional{program_id{value.program}} : std::nullopt;
}

}  // namespace

expected<void> write_entry(const device_map_entry& entry) noexcept {
  if (const auto wrong = contradiction(request_of(entry))) return tl::unexpected(refuse(attempted(entry), *wrong));
  return hooks::in_netns_of(
      entry.interface, [&] { return attempted(entry); }, [&] { return write_here(entry); });
}

expected<void> write_entry(const cpu_map_entry& entry) noexcept {
  if (const auto wrong = contradiction(request_of(entry))) return tl::unexpected(refuse(attempted(entry), *wrong));
  return write_here(entry);
}

expected<device_map_content> query(const device_map_query& asked) noexcept {
  const auto value = read(asked);
  if (!value) return tl::unexpected(value.error());
  const auto interface = ifindex::from(value->first);
  if (!interface) {
    return tl::unexpected(
        refuse(attempted(asked), {errc::not_found, cause::no_such_id, text{"the entry is empty"}, {}}));
  }
  return device_map_content{*interface, program_of(*value)};
}

expected<cpu_map_content> query(const cpu_map_query& asked) noexcept {
  const auto value = read(asked);
  if (!value) return tl::unexpected(value.error());
  return cpu_map_content{value->first, program_of(*value)};
}

}  // namespace bpflink
