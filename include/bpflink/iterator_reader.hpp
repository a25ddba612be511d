// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/zstring_view.hpp"

namespace bpflink {

template <class Row>
class row_reader;

/// Owns one run of an iterator: reading it calls the program for one object after the other, and gives what the program
/// writes. It goes on after the link is closed or has another program: a run keeps the program that it began with.
class [[nodiscard]] iterator_reader {
 public:
  /// Begins a run of the iterator link with this descriptor. iterator_link::open() does the same.
  ///
  /// @errors bad_handle: nothing is borrowed, or it is closed. wrong_type: it is no link, or one of another kind.
  ///         not_supported: Linux older than 5.8.
  /// @since Linux 5.8
  /// @kernel BPF_ITER_CREATE (kernel/bpf/bpf_iter.c)
  [[nodiscard]] BPFLINK_API static expected<iterator_reader> open(fd_ref link) noexcept;
  /// Begins a run of a pinned iterator link. Whoever may only read the pin opens it as what it is for everybody else, a
  /// file.
  ///
  /// @errors not_found: no such path. wrong_type: a program, a map or a link of another kind is pinned there, or it is
  ///         no pin at all. permission_denied: the file's mode.
  /// @since Linux 5.8
  /// @kernel BPF_OBJ_GET and BPF_ITER_CREATE, or open(2)
  [[nodiscard]] BPFLINK_API static expected<iterator_reader> open_pinned(zstring_view path) noexcept;
  /// Takes ownership of a run's descriptor: of one from BPF_ITER_CREATE, or of an opened pin. What is neither is
  /// closed.
  ///
  /// @errors bad_handle: nothing is owned, or it is closed. wrong_type: it is not a run of an iterator.
  [[nodiscard]] BPFLINK_API static expected<iterator_reader> adopt(unique_fd descriptor) noexcept;

  /// Reads on, into the buffer's beginning, and says how many bytes; 0 at the end only. Fewer than fit are no sign of
  /// the end: the kernel gives at most 32 KiB at once and breaks off where it likes, also within what the program wrote
  /// for one object. 4 KiB are as good as any larger buffer.
  ///
  /// Goes on by itself where a signal came between, or where the kernel paused because the program had nothing to say
  /// about a million objects.
  ///
  /// @errors bad_handle: moved from. invalid_argument: the buffer is empty. limit: the program wrote more than 32 KiB
  ///         for one object. system: the program asks for the same object again and again; out of memory.
  /// @kernel read(2)
  [[nodiscard]] BPFLINK_API expected<std::size_t> read(std::span<std::byte> buffer) noexcept;
  /// The rest, as bytes. Allocates.
  ///
  /// @errors As read(). What was read before the error is lost.
  [[nodiscard]] BPFLINK_API expected<std::vector<std::byte>> read_all() noexcept;
  /// The rest, as text. Allocates.
  ///
  /// @errors As read(). What was read before the error is lost.
  [[nodiscard]] BPFLINK_API expected<std::string> read_all_text() noexcept;
  /// The rest, as rows of the buffer's element type; see row_reader. `buffer` is an array, a std::span or the like; it
  /// and this reader must outlive the row_reader.
  template <std::ranges::contiguous_range Buffer>
  requires(std::ranges::sized_range<Buffer>&& std::ranges::borrowed_range<Buffer>)
      [[nodiscard]] row_reader<std::ranges::range_value_t<Buffer>> rows(Buffer&& buffer) & noexcept {
    return {*this, std::span{std::ranges::data(buffer), std::ranges::size(buffer)}};
  }

  /// The descriptor, borrowed.
  [[nodiscard]] fd_ref fd() const& noexcept { return fd_; }
  fd_ref fd() const&& = delete;
  /// Gives the descriptor up.
  [[nodiscard]] unique_fd release() && noexcept { return std::move(fd_); }
  /// False only after a move or release().
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(fd_); }

 private:
  explicit iterator_reader(unique_fd descriptor) noexcept : fd_{std::move(descriptor)} {}
  unique_fd fd_;
};

namespace detail {

// How far the rows in a buffer have come.
struct row_progress {
  std::size_t whole = 0;    // bytes of the rows that were handed out
  std::size_t partial = 0;  // bytes of a row that lie behind them
};
// Reads on until there is at least one whole row at the buffer's beginning, or the end.
BPFLINK_API expected<std::size_t> next_rows(iterator_reader& reader, std::span<std::byte> buffer, std::size_t row_size,
                                            row_progress& progress) noexcept;

}  // namespace detail

/// Reads an iterator's output as rows of one type, in place in the caller's buffer and whole, however the kernel cuts
/// them. A row is what the program writes, byte by byte: give it the same layout there, without padding.
template <class Row>
class row_reader {
  static_assert(std::is_trivially_copyable_v<Row> && !std::is_const_v<Row>, "a row is a copy of a program's bytes");

 public:
  /// Reads through `buffer`, which needs room for one row or more. Both must outlive this.
  row_reader(iterator_reader& reader, std::span<Row> buffer) noexcept : reader_{&reader}, buffer_{buffer} {}

  /// The next rows, one or more, good until the next call; none at the end.
  ///
  /// @errors As iterator_reader::read(). wrong_type: the output ends within a row: the program's rows have another
  ///         size.
  [[nodiscard]] expected<std::span<const Row>> next() noexcept {
    const auto rows = detail::next_rows(*reader_, std::as_writable_bytes(buffer_), sizeof(Row), progress_);
    if (!rows) return tl::unexpected(rows.error());
    return std::span<const Row>{buffer_.first(*rows)};
  }

 private:
  iterator_reader* reader_;
  std::span<Row> buffer_;
  detail::row_progress progress_;
};

}  // namespace bpflink
