// SPDX-License-Identifier: MIT
#include "bpflink/attach/tracepoint.hpp"

#include <array>
#include <cerrno>

#include "attachment.hpp"
#include "bpflink/features.hpp"
#include "explain/capability.hpp"
#include "explain/feature.hpp"
#include "explain/program.hpp"
#include "explain/tracefs.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"
#include "kernel/perf.hpp"
#include "kernel/tracepoint_ids.hpp"

namespace bpflink {

namespace {

constexpr std::array accepted{program_type::tracepoint};

// The perf event holds the program, and closing it detaches.
constexpr detail::mechanism_operations by_ioctl{
    .name = [](const detail::attachment&) noexcept { return mechanism::perf_event; },
    .held_by_descriptor = true,
    .may_be_link = false,
    .let_go = nullptr,
    .update = nullptr,
    .detach = nullptr,
};

kernel::tracepoint_name name_of(const tracepoint_options& options) noexcept {
  return {options.category.view(), options.name.view()};
}

attempt attempted(const tracepoint_options& options) noexcept {
  return {text{"attach tracepoint"}, "to", text{"{}/{}", options.category.view(), options.name.view()}};
}

std::optional<diagnosis> unfit_name(const tracepoint_options& options) noexcept {
  for (const auto& [what, given] : {std::pair{"category", options.category}, std::pair{"name", options.name}}) {
    if (kernel::is_plain(given.view())) continue;
    return diagnosis{errc::invalid_argument,
                     cause::bad_option,
                     given.empty() ? text{"the {} is empty", what}
                                   : text{"'{}' cannot be the {} of a tracepoint", given.view(), what},
                     {}};
  }
  return std::nullopt;
}

// For a tracepoint the process makes no difference, and one CPU stands for all.
kernel::result<unique_fd> open_event(std::uint32_t id) noexcept {
  return kernel::perf_event_open({.type = kernel::perf_type_tracepoint, .config = id}, kernel::every_process, 0);
}

// What the kernel asks for beside a capability.
text paranoia() noexcept {
  std::array<char, 16> buffer;
  const auto value = kernel::read_file("/proc/sys/kernel/perf_event_paranoid", buffer);
  if (!value) return {};
  return text{"the sysctl kernel.perf_event_paranoid is {}", value->substr(0, value->find('\n'))};
}

diagnosis why_no_event(kernel::failure failed) noexcept {
  auto why = diagnose(failed);
  if (failed.number != EACCES && failed.number != EPERM) return why;
  if (auto missing = explain::missing_capability({kernel::capability::perfmon})) why = *missing;
  why.hint = paranoia();
  return why;
}

// Where nothing else can have denied access, the tracepoint did.
std::optional<diagnosis> reads_too_far(const tracepoint_options& options, fd_ref event,
                                       kernel::failure failed) noexcept {
  const bool only_the_record = failed.call == operation::link_create
                                   ? explain::refusal_without_target(options.program, attach_type::perf_event) == EBADF
                                   : kernel::perf_event_enable(event.get()).has_value();
  if (!only_the_record) return std::nullopt;
  diagnosis why{
      errc::invalid_argument,
      cause::bad_offset,
      text{"{} reads past the end of the tracepoint's record", explain::describe_program(options.program).view()},
      {}};
  if (const auto size = explain::record_size(name_of(options))) why.reason.add(", which has {} bytes", *size);
  return why;
}

diagnosis why_refused(const tracepoint_options& options, fd_ref event, kernel::failure failed) noexcept {
  switch (failed.number) {
    case EBADF:
    case EINVAL:
      if (auto wrong = explain::unfit_program(options.program, accepted)) return *wrong;
      if (explain::is_probe(name_of(options))) {
        return {errc::wrong_type,
                cause::wrong_program_type,
                text{"it is a probe that was made in tracefs, and takes a kprobe program"},
                {}};
      }
      if (failed.call != operation::link_create) break;
      if (auto missing = explain::missing_feature(feature::perf_links)) return *missing;
      return explain::by_feature(failed, feature::perf_links);
    case EEXIST:
      return {errc::already_exists,
              cause::already_attached,
              text{"{} is attached to this tracepoint already", explain::describe_program(options.program).view()},
              {}};
    case E2BIG:
      return {errc::limit, cause::too_many, text{"64 programs, the most there can be, are attached to it"}, {}};
    case EACCES:
      if (auto wrong = reads_too_far(options, event, failed)) return *wrong;
      break;
    default:
      break;
  }
  return diagnose(failed);
}

bpf_error refused(const tracepoint_options& options, fd_ref event, kernel::failure failed,
                  const bpf_error* first = nullptr) noexcept {
  return make_error(attempted(options), failed, why_refused(options, event, failed), first);
}

expected<perf_event_link> attach_by_ioctl(const tracepoint_options& options, unique_fd event,
                                          kernel::failure no_link) noexcept {
  // The event was opened enabled: there is nothing more to do to it.
  const auto set = kernel::perf_event_set_program(event.get(), options.program.fd().get());
  if (!set) {
    const auto first = refused(options, event, no_link);
    return tl::unexpected(refused(options, event, set.error(), &first));
  }
  detail::attachment held;
  held.operations = &by_ioctl;
  held.holder = std::move(event);
  return detail::link_access::make<link_type::perf_event>(std::move(held));
}

[[gnu::cold, gnu::noinline]] expected<perf_event_link> not_attached(const tracepoint_options& options, unique_fd event,
                                                                    kernel::failure failed) noexcept {
  const bool fall_back = failed.number == EINVAL && options.mechanism == mechanism_choice::best && !options.cookie &&
                         probe(feature::perf_links) == availability::no;
  if (fall_back) return attach_by_ioctl(options, std::move(event), failed);
  return tl::unexpected(refused(options, event, failed));
}

// Inline: out of the kernel each function on the way back costs its time (kernel/call.hpp).
[[gnu::always_inline]] inline expected<perf_event_link> attach_to(const tracepoint_options& options,
                                                                  unique_fd event) noexcept {
  auto link = kernel::link_create(kernel::link_create_perf_event_attr{
      .base = {.prog_fd = kernel::descriptor(options.program.fd().get()),
               .target = kernel::descriptor(event.get()),
               .attach_type = static_cast<kernel::u32>(attach_type::perf_event)},
      .bpf_cookie = options.cookie ? options.cookie->value() : 0,
  });
  if (!link) return not_attached(options, std::move(event), link.error());
  auto held = detail::link_access::link_attachment(*std::move(link), link_type::perf_event);
  held.companion = std::move(event);
  return detail::link_access::make<link_type::perf_event>(std::move(held));
}

// The first time, and where what was remembered is not right any more.
[[gnu::cold, gnu::noinline]] expected<perf_event_link> learn_and_attach(const tracepoint_options& options) noexcept {
  if (const auto wrong = unfit_name(options)) return tl::unexpected(refuse(attempted(options), *wrong));
  const auto id = kernel::learn_tracepoint_id(name_of(options));
  if (!id) {
    return tl::unexpected(
        make_error(attempted(options), id.error(), explain::unread_tracepoint(name_of(options), id.error())));
  }
  auto event = open_event(*id);
  if (!event) return tl::unexpected(make_error(attempted(options), event.error(), why_no_event(event.error())));
  return attach_to(options, *std::move(event));
}

[[gnu::cold, gnu::noinline]] expected<perf_event_link> not_opened(const tracepoint_options& options,
                                                                  kernel::failure failed) noexcept {
  if (failed.number == EINVAL) return learn_and_attach(options);
  return tl::unexpected(make_error(attempted(options), failed, why_no_event(failed)));
}

[[gnu::cold, gnu::noinline]] expected<perf_event_link> empty(const tracepoint_options& options) noexcept {
  return tl::unexpected(refuse_empty(attempted(options), "program"));
}

[[gnu::always_inline]] inline expected<perf_event_link> attach_by(std::uint32_t id,
                                                                  const tracepoint_options& options) noexcept {
  auto event = open_event(id);
  if (!event) return not_opened(options, event.error());
  return attach_to(options, *std::move(event));
}

[[gnu::cold, gnu::noinline]] expected<perf_event_link> look_and_attach(const tracepoint_options& options) noexcept {
  const auto id = kernel::remembered_tracepoint_id(options.category.c_str(), options.name.c_str());
  return id != 0 ? attach_by(id, options) : learn_and_attach(options);
}

}  // namespace

expected<perf_event_link> attach(const tracepoint_options& options) noexcept {
  if (!options.program.fd()) return empty(options);
  const auto id = kernel::remembered_by_address(options.category.c_str(), options.name.c_str());
  return id != 0 ? attach_by(id, options) : look_and_attach(options);
}

}  // namespace bpflink
