// SPDX-License-Identifier: MIT
#include "failure.hpp"

#include <cerrno>

#include "error_record.hpp"
#include "explain/capability.hpp"

namespace bpflink {

namespace {

struct errno_meaning {
  int number;
  errc code;
  bpflink::cause why;
  std::string_view reason;
};

// EINVAL and E2BIG stand for "unknown to this kernel" until something else was established.
constexpr errno_meaning meanings[] = {
    {EINVAL, errc::not_supported, cause::unknown, "the kernel refused without a reason"},
    {E2BIG, errc::not_supported, cause::unknown, "the kernel does not know all that was asked"},
    {kernel::error_notsupp, errc::not_supported, cause::unknown, "the kernel does not support it"},
    {EOPNOTSUPP, errc::not_supported, cause::unknown, "the kernel does not support it"},
    {ENOSYS, errc::not_supported, cause::missing_configuration, "the kernel was built without the call"},
    {EPERM, errc::permission_denied, cause::unknown, "the kernel does not permit it"},
    {EACCES, errc::permission_denied, cause::unknown, "the kernel denies access"},
    {EBADF, errc::bad_handle, cause::closed_descriptor, "a descriptor is closed"},
    {EBADFD, errc::bad_handle, cause::closed_descriptor, "a descriptor is closed"},
    {ENOENT, errc::not_found, cause::unknown, "there is no such thing"},
    {ESRCH, errc::not_found, cause::no_such_process, "there is no such process"},
    {ENODEV, errc::not_found, cause::no_such_interface, "there is no such device"},
    {ENXIO, errc::not_found, cause::no_such_interface, "there is no such device"},
    {ENOTDIR, errc::not_found, cause::no_such_path, "a part of the path is no directory"},
    {EEXIST, errc::already_exists, cause::unknown, "it exists already"},
    {EBUSY, errc::busy, cause::unknown, "it is taken"},
    {ESTALE, errc::conflict, cause::stale_revision, "the hook has another revision"},
    {ENOLINK, errc::defunct, cause::target_gone, "the link's target is gone, or the link was detached"},
    {EADDRNOTAVAIL, errc::ambiguous, cause::unknown, "the name means more than one thing"},
    {ENOSPC, errc::limit, cause::unknown, "there is no room for more"},
    {ERANGE, errc::invalid_argument, cause::bad_option, "a value is out of range"},
    {EFAULT, errc::invalid_argument, cause::bad_option, "a pointer is bad"},
    {ELOOP, errc::invalid_argument, cause::bad_option, "the path goes in a circle"},
    {ENAMETOOLONG, errc::invalid_argument, cause::bad_option, "the path is too long"},
    {EXDEV, errc::invalid_argument, cause::bad_option, "the paths are in different file systems"},
    {ENOMEM, errc::system, cause::no_memory, "out of memory"},
    {EMFILE, errc::system, cause::no_descriptors, "this process is out of descriptors"},
    {ENFILE, errc::system, cause::no_descriptors, "the system is out of descriptors"},
};

constexpr bool is_bpf_call(operation call) noexcept {
  return call >= operation::prog_load && call <= operation::map_lookup;
}

detail::error_pieces pieces_of(const attempt& what, const diagnosis& why, const bpf_error* first,
                               std::string_view log) noexcept {
  return {.action = what.action.view(),
          .joint = what.joint,
          .target = what.target.view(),
          .reason = why.reason.view(),
          .hint = why.hint.view(),
          .log = log,
          .first = first};
}

}  // namespace

diagnosis diagnose(kernel::failure failed) noexcept {
  for (const auto& meaning : meanings) {
    if (meaning.number == failed.number) return {meaning.code, meaning.why, text{"{}", meaning.reason}, {}};
  }
  return {errc::system, cause::unknown, text{"the system refused"}, {}};
}

diagnosis with_words(diagnosis why, std::string_view words) noexcept {
  if (!words.empty()) why.reason.add("; the kernel says: {}", words);
  return why;
}

bpf_error make_error(const attempt& what, kernel::failure failed, const diagnosis& why, const bpf_error* first,
                     std::string_view log) noexcept {
  const auto make = [&](const diagnosis& told) {
    return detail::error_access::make(told.code, failed.call, told.why, failed.number,
                                      pieces_of(what, told, first, log));
  };
  if (why.why == cause::unknown && failed.number == EPERM && is_bpf_call(failed.call)) {
    if (const auto closed = explain::closed_bpf_call()) return make(*closed);
  }
  return make(why);
}

bpf_error make_error(const attempt& what, kernel::failure failed) noexcept {
  return make_error(what, failed, diagnose(failed));
}

bpf_error refuse(const attempt& what, const diagnosis& why) noexcept {
  return detail::error_access::make(why.code, operation::none, why.why, 0, pieces_of(what, why, nullptr, {}));
}

bpf_error refuse_empty(const attempt& what, std::string_view which) noexcept {
  return refuse(what, {errc::bad_handle, cause::empty_handle, text{"the {} handle is empty", which}, {}});
}

}  // namespace bpflink
