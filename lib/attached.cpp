// SPDX-License-Identifier: MIT
#include "attached.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <new>

#include "kernel/bpf.hpp"
#include "kernel/files.hpp"
#include "word.hpp"

namespace bpflink {

namespace {

constexpr std::array<std::string_view, 2> view_words{"here", "effective"};

}  // namespace

namespace detail {

bool attached_access::grow(attached_programs& all, std::uint32_t wanted) noexcept {
  const auto room = std::max(wanted, 2 * all.room_);
  all.more_.reset(new (std::nothrow) std::uint32_t[2 * std::size_t{room}]);
  if (all.more_) all.room_ = room;
  return all.more_ != nullptr;
}

[[gnu::cold]] kernel::result<void> attached_access::ask_again(attached_programs& all, const attached_request& asked,
                                                              kernel::prog_query_attr& attr,
                                                              kernel::failure failed) noexcept {
  while (failed.number == ENOSPC) {
    if (!grow(all, attr.count)) return tl::unexpected(kernel::failure{operation::prog_query, ENOMEM});
    const auto answer = ask(all, asked, attr);
    if (answer) {
      keep(all, asked, attr);
      return {};
    }
    failed = answer.error();
  }
  return tl::unexpected(failed);
}

void attached_access::move(attached_programs& to, attached_programs& from) noexcept {
  to.count_ = std::exchange(from.count_, 0);
  to.room_ = std::exchange(from.room_, attached_programs::inline_room);
  to.revision_ = std::exchange(from.revision_, 0);
  to.flags_ = from.flags_;
  to.tells_links_ = from.tells_links_;
  to.tells_mode_ = from.tells_mode_;
  to.more_ = std::move(from.more_);
  if (to.more_) return;
  const auto part = [&](std::size_t begin) {
    std::copy_n(from.numbers_.data() + begin, to.count_, to.numbers_.data() + begin);
  };
  part(0);
  if (to.tells_links_) part(attached_programs::inline_room);
}

}  // namespace detail

attached_programs::attached_programs(attached_programs&& other) noexcept {
  detail::attached_access::move(*this, other);
}

attached_programs& attached_programs::operator=(attached_programs&& other) noexcept {
  if (this != &other) detail::attached_access::move(*this, other);
  return *this;
}

attached_program attached_programs::operator[](std::size_t place) const noexcept {
  const auto* const numbers = more_ ? more_.get() : numbers_.data();
  const auto link = tells_links_ ? numbers[room_ + place] : 0;
  return {.program = program_id{numbers[place]}, .link = link != 0 ? std::optional{link_id{link}} : std::nullopt};
}

std::optional<attach_mode> attached_programs::mode() const noexcept {
  if (!tells_mode_ || count_ == 0) return std::nullopt;
  if ((flags_ & kernel::flag_allow_multi) != 0) return attach_mode::multi;
  return (flags_ & kernel::flag_allow_override) != 0 ? attach_mode::override : attach_mode::exclusive;
}

bool attached_programs::contains(program_id program) const noexcept {
  const auto* const numbers = more_ ? more_.get() : numbers_.data();
  return std::find(numbers, numbers + count_, program.value()) != numbers + count_;
}

std::string_view to_string(attached_view view) noexcept { return word(view_words, view); }

kernel::result<attached_programs> query_attached(const attached_request& asked) noexcept {
  using access = detail::attached_access;
  kernel::result<attached_programs> found{tl::in_place};
  kernel::prog_query_attr attr;
  if (const auto told = access::ask(*found, asked, attr); told) {
    access::keep(*found, asked, attr);
  } else if (const auto later = access::ask_again(*found, asked, attr, told.error()); !later) {
    found = tl::unexpected(later.error());
  }
  return found;
}

kernel::result<program_id> ask_id_of_program(int program) noexcept {
  kernel::prog_info_raw raw{};
  const auto length = kernel::obj_get_info(program, &raw, sizeof raw);
  if (!length) return tl::unexpected(length.error());
  // Maps, links and BTF answer the same call, with less.
  const auto kind =
      *length > offsetof(kernel::prog_info_raw, run_cnt) ? kernel::object_kind::program : kernel::kind_of(program);
  if (kind != kernel::object_kind::program && kind != kernel::object_kind::unknown) {
    return tl::unexpected(kernel::failure{operation::none, EINVAL});
  }
  return program_id{raw.id};
}

std::optional<program_id> id_of_program(int program) noexcept {
  const auto id = ask_id_of_program(program);
  return id ? std::optional{*id} : std::nullopt;
}

}  // namespace bpflink
