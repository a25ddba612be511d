// SPDX-License-Identifier: MIT
#include "bpflink/attach/raw_tracepoint.hpp"

#include <array>
#include <cerrno>

#include "attachment.hpp"
#include "explain/feature.hpp"
#include "explain/program.hpp"
#include "explain/tracepoints.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink {

namespace {

constexpr std::array accepted{program_type::raw_tracepoint, program_type::raw_tracepoint_writable};

// The same call gave a descriptor of its own kind before it gave links.
bpflink::mechanism link_or_older(const detail::attachment& held) noexcept {
  const auto links = probe(feature::bpf_link);
  const bool older = links == availability::no ||
                     (links != availability::yes && kernel::kind_of(held.holder.get()) == kernel::object_kind::other);
  return older ? mechanism::raw_tracepoint : mechanism::link;
}

constexpr detail::mechanism_operations operations{
    .name = link_or_older,
    .held_by_descriptor = true,
    .may_be_link = true,
    .let_go = nullptr,
    .update = nullptr,
    .detach = nullptr,
};

attempt attempted(const raw_tracepoint_options& options) noexcept {
  return {text{"attach raw tracepoint"}, "to", text{"{}", options.name.view()}};
}

diagnosis why_unknown(std::string_view name) noexcept {
  diagnosis why{errc::not_found, cause::no_such_name, text{"no raw tracepoint has this name"}, {}};
  // "sched:sched_switch", as tracefs and perf write it.
  const auto category = name.find_last_of(":/");
  const auto bare = category == std::string_view::npos ? name : name.substr(category + 1);
  const auto near = explain::nearest_raw_tracepoints(bare);
  if (near.best() == bare && bare != name) {
    why.hint.add("raw tracepoints have no category: {}", bare);
  } else {
    why.hint = near.hint();
  }
  return why;
}

std::optional<diagnosis> found_unfit(const raw_tracepoint_options& options) noexcept {
  if (auto wrong = explain::unfit_program(options.program, accepted)) return wrong;
  if (auto missing = explain::missing_feature(feature::raw_tracepoint)) return missing;
  if (options.cookie) return explain::missing_feature(feature::raw_tracepoint_cookie);
  return std::nullopt;
}

diagnosis why_refused(const raw_tracepoint_options& options, kernel::failure failed) noexcept {
  switch (failed.number) {
    case EBADF:
    case EINVAL: {
      if (auto wrong = found_unfit(options)) return *wrong;
      auto why = explain::by_feature(failed, options.cookie ? feature::raw_tracepoint_cookie : feature::raw_tracepoint);
      if (why.code == errc::invalid_argument) {
        why.hint.add(
            "it does so with programs that read more arguments than the tracepoint has, or write what they may not");
      }
      return why;
    }
    case ENOENT:
      return why_unknown(options.name.view());
    case EEXIST:
      return {errc::already_exists, cause::already_attached,
              text{"{} is attached to this tracepoint already", explain::describe_program(options.program).view()},
              text{"since Linux 6.10 one can be attached many times"}};
    default:
      break;
  }
  return diagnose(failed);
}

kernel::result<unique_fd> open(const raw_tracepoint_options& options) noexcept {
  const kernel::raw_tracepoint_attr attr{
      .name = kernel::pointer(options.name.c_str()),
      .prog_fd = kernel::descriptor(options.program.fd().get()),
  };
  if (!options.cookie) return kernel::raw_tracepoint_open(attr);
  return kernel::raw_tracepoint_open(
      kernel::raw_tracepoint_cookie_attr{.base = attr, .cookie = options.cookie->value()});
}

[[gnu::cold, gnu::noinline]] expected<raw_tracepoint_link> not_attached(const raw_tracepoint_options& options,
                                                                        kernel::failure failed) noexcept {
  return tl::unexpected(make_error(attempted(options), failed, why_refused(options, failed)));
}

[[gnu::cold, gnu::noinline]] expected<raw_tracepoint_link> refused(const raw_tracepoint_options& options) noexcept {
  if (!options.program.fd()) return tl::unexpected(refuse_empty(attempted(options), "program"));
  return tl::unexpected(refuse({text{"attach raw tracepoint"}, {}, {}},
                               {errc::invalid_argument, cause::bad_option, text{"the name is empty"}, {}}));
}

}  // namespace

expected<raw_tracepoint_link> attach(const raw_tracepoint_options& options) noexcept {
  if (!options.program.fd() || options.name.empty()) return refused(options);
  auto opened = open(options);
  if (!opened) return not_attached(options, opened.error());
  detail::attachment held;
  held.operations = &operations;
  held.holder = *std::move(opened);
  return detail::link_access::make<link_type::raw_tracepoint>(std::move(held));
}

}  // namespace bpflink
