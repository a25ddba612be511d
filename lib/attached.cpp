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

struct attached_access {
  using also = attached_request::also;

  static std::uint32_t* numbers(attached_programs& all) noexcept {
    return all.more_ ? all.more_.get() : all.numbers_.data();
  }
  static bool grow(attached_programs& all, std::uint32_t wanted) noexcept {
    const auto room = std::max(wanted, 2 * all.room_);
    all.more_.reset(new (std::nothrow) std::uint32_t[2 * std::size_t{room}]);
    if (all.more_) all.room_ = room;
    return all.more_ != nullptr;
  }

  // Leaves what the kernel wrote in the attributes.
  static kernel::result<void> ask(attached_programs& all, const attached_request& asked,
                                  kernel::prog_query_attr& attr) noexcept {
    attr = {};
    attr.target = asked.target;
    attr.attach_type = static_cast<kernel::u32>(asked.where);
    attr.query_flags = asked.effective ? kernel::flag_query_effective : 0;
    auto* const ids = numbers(all);
    attr.prog_ids = kernel::pointer(ids);
    attr.count = all.room_;
    if (asked.told == also::links) attr.link_ids = kernel::pointer(ids + all.room_);
    // Each with flags that say no more than the cgroup's; only for this hook are they a must.
    if (asked.where == attach_type::lsm_cgroup && !asked.effective) {
      attr.prog_attach_flags = kernel::pointer(ids + all.room_);
    }
    return kernel::prog_query(attr);
  }

  static kernel::result<void> fill(attached_programs& all, const attached_request& asked) noexcept {
    kernel::prog_query_attr attr;
    for (;;) {
      const auto answer = ask(all, asked, attr);
      if (answer) break;
      if (answer.error().number != ENOSPC) return answer;
      if (!grow(all, attr.count)) return tl::unexpected(kernel::failure{operation::prog_query, ENOMEM});
    }
    all.count_ = std::min(attr.count, all.room_);
    all.revision_ = attr.revision;
    all.tells_links_ = asked.told == also::links;
    if (asked.told == also::mode && !asked.effective && all.count_ != 0) {
      all.mode_ = (attr.attach_flags & kernel::flag_allow_multi) != 0      ? attach_mode::multi
                  : (attr.attach_flags & kernel::flag_allow_override) != 0 ? attach_mode::override
                                                                           : attach_mode::exclusive;
    }
    return {};
  }

  static void move(attached_programs& to, attached_programs& from) noexcept {
    to.count_ = std::exchange(from.count_, 0);
    to.room_ = std::exchange(from.room_, attached_programs::inline_room);
    to.revision_ = std::exchange(from.revision_, 0);
    to.mode_ = std::exchange(from.mode_, std::nullopt);
    to.tells_links_ = from.tells_links_;
    to.more_ = std::move(from.more_);
    if (to.more_) return;
    const auto part = [&](std::size_t begin) {
      std::copy_n(from.numbers_.data() + begin, to.count_, to.numbers_.data() + begin);
    };
    part(0);
    if (to.tells_links_) part(attached_programs::inline_room);
  }
};

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

bool attached_programs::contains(program_id program) const noexcept {
  const auto* const numbers = more_ ? more_.get() : numbers_.data();
  return std::find(numbers, numbers + count_, program.value()) != numbers + count_;
}

std::string_view to_string(attached_view view) noexcept { return word(view_words, view); }

kernel::result<attached_programs> query_attached(const attached_request& asked) noexcept {
  kernel::result<attached_programs> found{tl::in_place};
  if (const auto filled = query_attached(asked, *found); !filled) found = tl::unexpected(filled.error());
  return found;
}

kernel::result<void> query_attached(const attached_request& asked, attached_programs& into) noexcept {
  return detail::attached_access::fill(into, asked);
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
