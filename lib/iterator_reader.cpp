// SPDX-License-Identifier: MIT
#include "bpflink/iterator_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "explain/iterator.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"
#include "pin.hpp"

namespace bpflink {

namespace {

// The kernel pauses after a million objects without a word, which is seldom; and whenever the program asks for an
// object once more, which it could do for ever.
constexpr int most_pauses = 100'000;

constexpr std::size_t chunk = std::size_t{32} * 1024;  // as much as the kernel gives at once
constexpr std::size_t worth_reading = std::size_t{4} * 1024;

attempt doing(std::string_view verb) noexcept { return {text{"{} iterator", verb}, {}, {}}; }

bpf_error explain_read(kernel::failure failed) noexcept {
  const auto what = doing("read");
  if (failed.number == E2BIG) {
    return make_error(what, failed,
                      {errc::limit,
                       cause::too_many,
                       text{"the program wrote more for one object than the kernel holds, 32 KiB"},
                       {}});
  }
  if (failed.number == EAGAIN) {
    return make_error(what, failed,
                      {errc::system, cause::unknown, text{"the program asks for the same object again and again"},
                       text{"it does so by returning 1"}});
  }
  return make_error(what, failed);
}

template <class Container>
expected<Container> read_rest(iterator_reader& reader) noexcept {
  Container all;
  std::size_t size = 0;
  for (;;) {
    if (all.size() - size < worth_reading) all.resize(std::max(chunk, all.size() * 2));
    const auto got = reader.read(std::as_writable_bytes(std::span{all.data(), all.size()}).subspan(size));
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) break;
    size += *got;
  }
  all.resize(size);
  return all;
}

attempt opening(zstring_view path) noexcept { return {text{"open iterator"}, "at", text{"{}", path.view()}}; }

// Who may read a pin but not write it can have no descriptor of the link: to him the pin is a file.
bool is_pin(const std::optional<kernel::file_status>& file) noexcept {
  return file && file->filesystem == kernel::filesystem_bpf && file->kind == kernel::file_kind::regular;
}

}  // namespace

namespace {

[[gnu::cold, gnu::noinline]] expected<iterator_reader> no_link() noexcept {
  return tl::unexpected(refuse_empty(doing("open"), "link"));
}

[[gnu::cold, gnu::noinline]] expected<iterator_reader> not_opened(fd_ref link, kernel::failure failed) noexcept {
  return tl::unexpected(make_error(doing("open"), failed, explain::refused_run(link, failed)));
}

}  // namespace

expected<iterator_reader> iterator_reader::open(fd_ref link) noexcept {
  if (!link) return no_link();
  auto run = kernel::iter_create({.link_fd = kernel::descriptor(link.get())});
  if (!run) return not_opened(link, run.error());
  return iterator_reader{*std::move(run)};
}

expected<iterator_reader> iterator_reader::open_pinned(zstring_view path) noexcept {
  const auto link = kernel::obj_get(path.c_str());
  if (link) {
    auto run = kernel::iter_create({.link_fd = kernel::descriptor(link->get())});
    if (run) return iterator_reader{*std::move(run)};
    return tl::unexpected(make_error(opening(path), run.error(), explain::refused_run(*link, run.error())));
  }
  if (link.error().number == EACCES && is_pin(kernel::status_of(path.c_str()))) {
    auto file = kernel::open_read(path.c_str());
    if (file) return iterator_reader{*std::move(file)};
    auto why = diagnose(file.error());
    if (file.error().number == EIO) {
      why = {errc::wrong_type, cause::wrong_link_type, text{"what is pinned there is no iterator"}, {}};
    }
    return tl::unexpected(make_error(opening(path), file.error(), why));
  }
  return tl::unexpected(pins::explain_open({"iterator"}, path, link.error()));
}

expected<iterator_reader> iterator_reader::adopt(unique_fd descriptor) noexcept {
  const auto what = doing("adopt");
  if (!descriptor) return tl::unexpected(refuse_empty(what, "descriptor"));
  std::array<char, 64> buffer{};
  const auto name = kernel::name_of(descriptor.get(), buffer);
  if (!name && kernel::is_closed(descriptor.get())) {
    return tl::unexpected(
        refuse(what, {errc::bad_handle, cause::closed_descriptor, text{"the descriptor is closed"}, {}}));
  }
  if (name && *name != "anon_inode:bpf_iter" && !is_pin(kernel::status_of(descriptor.get()))) {
    return tl::unexpected(
        refuse(what, {errc::wrong_type, cause::wrong_link_type, text{"it is not a run of an iterator"}, {}}));
  }
  auto safe = kernel::above_standard_streams(std::move(descriptor));
  if (!safe) return tl::unexpected(make_error(what, safe.error()));
  return iterator_reader{*std::move(safe)};
}

namespace {

[[gnu::cold, gnu::noinline]] expected<std::size_t> unreadable(fd_ref run) noexcept {
  if (!run) return tl::unexpected(refuse_empty(doing("read"), "iterator"));
  return tl::unexpected(
      refuse(doing("read"),
             {errc::invalid_argument, cause::bad_option, text{"the buffer is empty, and 0 would mean the end"}, {}}));
}

[[gnu::cold, gnu::noinline]] expected<std::size_t> read_again(fd_ref run, std::span<std::byte> buffer,
                                                              long answer) noexcept {
  kernel::failure failed{operation::read, static_cast<int>(-answer)};
  for (int pauses = 1; failed.number == EINTR || (failed.number == EAGAIN && pauses < most_pauses); ++pauses) {
    const auto got = kernel::read_some(run.get(), buffer);
    if (got) return *got;
    failed = got.error();
  }
  return tl::unexpected(explain_read(failed));
}

}  // namespace

expected<std::size_t> iterator_reader::read(std::span<std::byte> buffer) noexcept {
  if (!fd_ || buffer.empty()) return unreadable(fd_);
  const long got = kernel::try_read(fd_.get(), buffer);
  if (got < 0) return read_again(fd_, buffer, got);
  return static_cast<std::size_t>(got);
}

expected<std::vector<std::byte>> iterator_reader::read_all() noexcept {
  return read_rest<std::vector<std::byte>>(*this);
}

expected<std::string> iterator_reader::read_all_text() noexcept { return read_rest<std::string>(*this); }

expected<std::size_t> detail::next_rows(iterator_reader& reader, std::span<std::byte> buffer, std::size_t row_size,
                                        row_progress& progress) noexcept {
  const auto refused = [](errc code, const text& reason) {
    return tl::unexpected(refuse({text{"read rows of iterator"}, {}, {}}, {code, cause::bad_option, reason, {}}));
  };
  if (buffer.size() < row_size) return refused(errc::invalid_argument, text{"the buffer has no room for a row"});
  auto have = progress.partial;
  if (have != 0) std::memmove(buffer.data(), buffer.data() + progress.whole, have);
  progress = {};
  while (have < row_size) {
    const auto got = reader.read(buffer.subspan(have));
    if (!got) {
      progress.partial = have;
      return tl::unexpected(got.error());
    }
    if (*got == 0 && have != 0) {
      return refused(errc::wrong_type, text{"the output ends {} bytes into a row of {}", have, row_size});
    }
    if (*got == 0) return 0;
    have += *got;
  }
  // NOLINTNEXTLINE(clang-analyzer-core.DivideZero): a row is an object, and no object is of size 0
  progress.partial = have % row_size;
  progress.whole = have - progress.partial;
  return progress.whole / row_size;
}

}  // namespace bpflink
