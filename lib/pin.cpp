// SPDX-License-Identifier: MIT
#include "pin.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "explain/feature.hpp"
#include "kernel/bpf.hpp"

namespace bpflink::pins {

namespace {

// The directory that a pin's path is in, and its name there.
struct split_path {
  std::array<char, PATH_MAX> directory;
  std::string_view name;
};

bool split(zstring_view path, split_path& parts) noexcept {
  const auto whole = path.view();
  if (whole.size() >= parts.directory.size()) return false;
  const auto slash = whole.rfind('/');
  const auto directory = slash == std::string_view::npos ? std::string_view{"."}
                         : slash == 0                    ? std::string_view{"/"}
                                                         : whole.substr(0, slash);
  std::memcpy(parts.directory.data(), directory.data(), directory.size());
  parts.directory[directory.size()] = '\0';
  parts.name = slash == std::string_view::npos ? whole : whole.substr(slash + 1);
  return true;
}

std::optional<diagnosis> bad_place(zstring_view path) noexcept {
  split_path parts;
  if (!split(path, parts))
    return diagnosis{errc::invalid_argument, cause::bad_option, text{"the path is too long"}, {}};
  if (parts.name.empty()) {
    return diagnosis{errc::invalid_argument, cause::bad_pin_name, text{"the path has no name at its end"}, {}};
  }
  const auto directory = kernel::status_of(parts.directory.data());
  if (!directory) {
    if (!kernel::is_missing(parts.directory.data())) return std::nullopt;
    return diagnosis{errc::not_found, cause::no_such_path,
                     text{"the directory {} does not exist", parts.directory.data()}, text{"make it"}};
  }
  if (directory->kind != kernel::file_kind::directory) {
    return diagnosis{errc::not_found, cause::no_such_path, text{"{} is no directory", parts.directory.data()}, {}};
  }
  if (directory->filesystem != kernel::filesystem_bpf) {
    return diagnosis{errc::invalid_argument, cause::not_bpffs,
                     text{"{} is not in a BPF file system", parts.directory.data()},
                     text{"pin below /sys/fs/bpf, or mount one: mount -t bpf bpf DIRECTORY"}};
  }
  if (parts.name.find('.') != std::string_view::npos) {
    return diagnosis{errc::invalid_argument,
                     cause::bad_pin_name,
                     text{"the name '{}' has a dot, which the BPF file system does not take", parts.name},
                     {}};
  }
  return std::nullopt;
}

diagnosis of_place(zstring_view path, kernel::failure failed) noexcept {
  switch (failed.number) {
    case EEXIST:
      return {errc::already_exists, cause::path_in_use, text{"something stands at this path already"}, {}};
    case EPERM:
    case ENOENT:
    case ENOTDIR:
    case EINVAL:
    case EXDEV:
      if (auto wrong = bad_place(path)) return *wrong;
      break;
    case EACCES:
      return {errc::permission_denied, cause::file_permission, text{"the directory's mode forbids it"}, {}};
    default:
      break;
  }
  return diagnose(failed);
}

std::string_view word_for(kernel::object_kind kind) noexcept {
  switch (kind) {
    case kernel::object_kind::link:
      return "a link";
    case kernel::object_kind::program:
      return "a program";
    case kernel::object_kind::map:
      return "a map";
    case kernel::object_kind::btf:
      return "BTF";
    default:
      return "no BPF object";
  }
}

attempt doing(std::string_view verb, object_name what, std::string_view joint, zstring_view path) noexcept {
  return {text{"{} {}", verb, what.words().view()}, joint, text{"{}", path.view()}};
}

}  // namespace

bpf_error explain_pin(object_name what, zstring_view path, kernel::failure failed) noexcept {
  return make_error(doing("pin", what, "at", path), failed, of_place(path, failed));
}

namespace {

[[gnu::cold, gnu::noinline]] expected<void> not_renamed(fd_ref object, object_name what, zstring_view from,
                                                        zstring_view to, kernel::failure failed) noexcept {
  auto attempted = doing("move pin of", what, "to", to);
  if (failed.number == ENOENT && kernel::is_missing(from.c_str())) {
    // The old pin is gone, and with it what kept the object: pin anew.
    const auto pinned = kernel::obj_pin(object.get(), to.c_str());
    if (pinned) return {};
    const auto first = make_error(attempted, failed);
    return tl::unexpected(make_error(attempted, pinned.error(), of_place(to, pinned.error()), &first));
  }
  return tl::unexpected(make_error(attempted, failed, of_place(to, failed)));
}

}  // namespace

expected<void> move(fd_ref object, object_name what, zstring_view from, zstring_view to) noexcept {
  const auto renamed = kernel::rename_exclusively(from.c_str(), to.c_str());
  if (!renamed) return not_renamed(object, what, from, to, renamed.error());
  return {};
}

bpf_error explain_unpin(object_name what, zstring_view path, kernel::failure failed) noexcept {
  auto why = diagnose(failed);
  if (failed.number == ENOENT) why = {errc::not_found, cause::no_such_path, text{"nothing is pinned there"}, {}};
  if (failed.number == EACCES) {
    why = {errc::permission_denied, cause::file_permission, text{"the directory's mode forbids it"}, {}};
  }
  if (failed.number == EISDIR) why = {errc::wrong_type, cause::not_bpffs, text{"it is a directory, and no pin"}, {}};
  return make_error(doing("unpin", what, "from", path), failed, why);
}

std::optional<diagnosis> not_of_kind(fd_ref descriptor, kernel::object_kind kind) noexcept {
  const auto found = kernel::kind_of(descriptor.get());
  if (found == kind || found == kernel::object_kind::unknown) return std::nullopt;
  if (found == kernel::object_kind::closed) {
    return diagnosis{errc::bad_handle, cause::closed_descriptor, text{"the descriptor is closed"}, {}};
  }
  return diagnosis{errc::wrong_type,
                   kind == kernel::object_kind::link ? cause::not_a_link : cause::not_a_program,
                   text{"it is {}, not {}", word_for(found), word_for(kind)},
                   {}};
}

bpf_error explain_open(object_name what, zstring_view path, kernel::failure failed) noexcept {
  auto why = diagnose(failed);
  if (failed.number == ENOENT) {
    why = {errc::not_found, cause::no_such_path, text{"nothing is pinned there"}, {}};
  } else if (failed.number == EACCES) {
    const auto file = kernel::status_of(path.c_str());
    if (file && (file->filesystem != kernel::filesystem_bpf || file->kind != kernel::file_kind::regular)) {
      why = {errc::wrong_type, cause::not_bpffs, text{"it is no pin of a BPF object"}, {}};
    } else {
      why = {errc::permission_denied, cause::file_permission, text{"the file's mode forbids it"}, {}};
    }
  }
  return make_error(doing("open", what, "at", path), failed, why);
}

expected<unique_fd> open(object_name what, zstring_view path, kernel::object_kind kind) noexcept {
  auto opened = kernel::obj_get(path.c_str());
  if (!opened) return tl::unexpected(explain_open(what, path, opened.error()));
  if (const auto wrong = not_of_kind(*opened, kind)) {
    return tl::unexpected(refuse(doing("open", what, "at", path), *wrong));
  }
  return std::move(*opened);
}

}  // namespace bpflink::pins
