// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "bpflink/attach_mode.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/ids.hpp"

namespace bpflink {

namespace detail {
struct attached_access;
}

/// Which programs of a cgroup's hook are asked for.
enum class attached_view : std::uint8_t {
  here,       ///< Those attached to this very cgroup. All that other targets have.
  effective,  ///< Those that run for it: its own and those of the cgroups above. BPF_F_QUERY_EFFECTIVE.
};

/// The enumerator's name: "effective".
[[nodiscard]] BPFLINK_API std::string_view to_string(attached_view view) noexcept;

/// One program at a hook.
struct attached_program {
  program_id program;  ///< The program.
  /// The link that holds it: tcx and netkit tell it. Nothing without a link, and at other hooks: cgroups, network
  /// namespaces and maps do not tell by what a program is attached.
  std::optional<link_id> link = {};
};

/// What is attached at a hook, in the order in which it runs, as query() found it. Programs of preorder stand among the
/// others of their cgroup, which the kernel does not tell apart; in the effective view they stand where they run.
class [[nodiscard]] attached_programs {
 public:
  /// Nothing is attached.
  // NOLINTNEXTLINE(modernize-use-equals-default): that would have the numbers cleared where `{}` makes one
  attached_programs() noexcept {}
  /// Leaves `other` empty.
  BPFLINK_API attached_programs(attached_programs&& other) noexcept;
  /// Leaves `other` empty.
  BPFLINK_API attached_programs& operator=(attached_programs&& other) noexcept;
  attached_programs(const attached_programs&) = delete;
  attached_programs& operator=(const attached_programs&) = delete;
  ~attached_programs() = default;

  /// How many there are.
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  /// Whether there is none.
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// One of them, by its place in the order; it has to be less than size().
  [[nodiscard]] BPFLINK_API attached_program operator[](std::size_t place) const noexcept;
  /// Whether a program is among them.
  [[nodiscard]] BPFLINK_API bool contains(program_id program) const noexcept;

  /// How often the hook has changed: tcx (Linux 6.6), netkit (6.7), cgroups (6.17, in some distributions earlier);
  /// nothing where the kernel does not tell. To be given to an attach that is right only for what was seen here.
  [[nodiscard]] std::optional<bpflink::revision> revision() const noexcept {
    return revision_ != 0 ? std::optional{bpflink::revision{revision_}} : std::nullopt;
  }
  /// A cgroup's mode at this hook: who may be attached beside these. Nothing at other hooks, where nothing is attached,
  /// and where the effective programs were asked for.
  [[nodiscard]] BPFLINK_API std::optional<attach_mode> mode() const noexcept;

  /// Goes from the first to the last.
  class iterator {
   public:
    using value_type = attached_program;                 ///< Made on the way: there is nothing to refer to.
    using difference_type = std::ptrdiff_t;              ///< Places.
    using reference = attached_program;                  ///< A value.
    using iterator_concept = std::forward_iterator_tag;  ///< What it can do.
    using iterator_category = std::input_iterator_tag;   ///< What it could before C++20.
    /// Of nothing.
    iterator() noexcept = default;
    /// At a place.
    iterator(const attached_programs& all, std::size_t place) noexcept : all_{&all}, place_{place} {}
    /// The program there.
    [[nodiscard]] attached_program operator*() const noexcept { return (*all_)[place_]; }
    /// To the next.
    iterator& operator++() noexcept {
      ++place_;
      return *this;
    }
    /// To the next.
    iterator operator++(int) noexcept {
      const auto before = *this;
      ++place_;
      return before;
    }
    /// Whether both are at the same place.
    [[nodiscard]] friend bool operator==(const iterator&, const iterator&) noexcept = default;

   private:
    const attached_programs* all_ = nullptr;
    std::size_t place_ = 0;
  };
  /// The first.
  [[nodiscard]] iterator begin() const noexcept { return {*this, 0}; }
  /// Behind the last.
  [[nodiscard]] iterator end() const noexcept { return {*this, count_}; }

 private:
  friend struct detail::attached_access;
  // Ids and links, each `room` numbers long. What the kernel does not write is never read.
  static constexpr std::uint32_t inline_room = 64;  // the kernel's limit at most hooks
  std::uint32_t count_ = 0;
  std::uint32_t room_ = inline_room;
  std::uint64_t revision_ = 0;
  std::uint32_t flags_ = 0;
  bool tells_links_ = false;
  bool tells_mode_ = false;
  std::unique_ptr<std::uint32_t[]> more_;  // instead of the array, where the effective programs are more than that
  std::array<std::uint32_t, 2 * std::size_t{inline_room}> numbers_;
};

/// Tries something that is right only for what is attached now, and again where somebody else changed the hook
/// meanwhile: `ask` queries the hook, `act` gets what it found and answers an expected.
///
///     auto link = retry_on_change([&] { return query(hook); },
///                                 [&](const attached_programs& now) { return attach(options_for(now)); });
///
/// @errors As `ask`; as `act`, and where the hook changed at each of `tries`, act's conflict.
template <class Ask, class Act>
[[nodiscard]] auto retry_on_change(Ask ask, Act act, unsigned tries = 16) noexcept(
    std::is_nothrow_invocable_v<Ask>&& std::is_nothrow_invocable_v<Act, const attached_programs&>)
    -> std::invoke_result_t<Act, const attached_programs&> {
  for (;; --tries) {
    const expected<attached_programs> now = ask();
    if (!now) return tl::unexpected(now.error());
    auto done = act(*now);
    if (done || done.error().cause() != cause::stale_revision || tries <= 1) return done;
  }
}

}  // namespace bpflink
