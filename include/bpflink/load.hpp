// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>

#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/program.hpp"
#include "bpflink/required.hpp"
#include "bpflink/zstring_view.hpp"

namespace bpflink {

/// One eBPF instruction, as the kernel lays it out (struct bpf_insn).
struct instruction {
  std::uint8_t code = 0;       ///< Operation.
  std::uint8_t registers = 0;  ///< Destination in the low four bits, source in the high four.
  std::int16_t offset = 0;     ///< Jump or memory offset.
  std::int32_t immediate = 0;  ///< Constant.
};
static_assert(sizeof(instruction) == 8);

/// Borrows a program's instructions: any contiguous range of 8-byte instructions, such as `bpflink::instruction[]`,
/// `std::vector<bpf_insn>` or `std::array`.
class instructions_ref {
 public:
  /// Borrows a range; it must outlive the view.
  template <std::ranges::contiguous_range Range>
  requires(std::is_trivially_copyable_v<std::ranges::range_value_t<Range>> &&
           sizeof(std::ranges::range_value_t<Range>) == sizeof(instruction) &&
           std::ranges::sized_range<Range>) constexpr instructions_ref(const Range& range) noexcept
      : data_{std::ranges::data(range)}, count_{std::ranges::size(range)} {}

  /// The first instruction.
  [[nodiscard]] constexpr const void* data() const noexcept { return data_; }
  /// How many there are.
  [[nodiscard]] constexpr std::size_t count() const noexcept { return count_; }

 private:
  const void* data_;
  std::size_t count_;
};

/// What a tracing, LSM, iterator, struct_ops or extension program attaches to: a BTF type. A target by name is looked
/// up when the program is loaded, in one pass over the BTF and without the heap; nothing is remembered.
class load_target {
 public:
  /// None: the program's type needs no target.
  constexpr load_target() noexcept = default;

  /// By the hook's name in the kernel's BTF, or in that of a loaded module: the function for fentry and the like, the
  /// hook for LSM ("file_open"), the tracepoint for tp_btf ("sched_switch"), the target for iterators ("task"), the
  /// structure for struct_ops ("tcp_congestion_ops"). The kernel's prefixes are added from the expected attach type.
  [[nodiscard]] static constexpr load_target name(std::string_view name) noexcept {
    return load_target{kind::by_name, name, {}, 0, {}};
  }
  /// By name in one module's BTF.
  [[nodiscard]] static constexpr load_target name_in_module(std::string_view module, std::string_view name) noexcept {
    return load_target{kind::by_name_in_module, name, module, 0, {}};
  }
  /// By function name in another program, which was loaded with BTF.
  [[nodiscard]] static constexpr load_target name_in_program(program_ref other, std::string_view name) noexcept {
    return load_target{kind::by_name_in_program, name, {}, 0, other.fd()};
  }
  /// By BTF type id in the kernel's own BTF.
  [[nodiscard]] static constexpr load_target id(std::uint32_t type) noexcept {
    return load_target{kind::by_id, {}, {}, type, {}};
  }
  /// By BTF type id in the BTF object with this descriptor (a module's).
  [[nodiscard]] static constexpr load_target id_in_btf(fd_ref btf, std::uint32_t type) noexcept {
    return load_target{kind::by_id_in_btf, {}, {}, type, btf};
  }
  /// By BTF type id in another program.
  [[nodiscard]] static constexpr load_target id_in_program(program_ref other, std::uint32_t type) noexcept {
    return load_target{kind::by_id_in_program, {}, {}, type, other.fd()};
  }

  /// How the target is named.
  enum class kind : std::uint8_t {
    none,                ///< There is no target.
    by_name,             ///< By name in the BTF of the kernel or a module.
    by_name_in_module,   ///< By name in one module's BTF.
    by_name_in_program,  ///< By function name in another program.
    by_id,               ///< By BTF type id in the kernel's BTF.
    by_id_in_btf,        ///< By BTF type id in a BTF object.
    by_id_in_program,    ///< By BTF type id in another program.
  };
  /// How the target is named.
  [[nodiscard]] constexpr kind how() const noexcept { return kind_; }
  /// The name; empty where it is by id.
  [[nodiscard]] constexpr std::string_view name() const noexcept { return name_; }
  /// The module; empty where there is none.
  [[nodiscard]] constexpr std::string_view module() const noexcept { return module_; }
  /// The BTF type id; 0 where it is by name.
  [[nodiscard]] constexpr std::uint32_t type() const noexcept { return type_; }
  /// The program or BTF object that holds it.
  [[nodiscard]] constexpr fd_ref holder() const noexcept { return holder_; }

 private:
  constexpr load_target(kind how, std::string_view name, std::string_view module, std::uint32_t type,
                        fd_ref holder) noexcept
      : kind_{how}, name_{name}, module_{module}, type_{type}, holder_{holder} {}

  kind kind_ = kind::none;
  std::string_view name_;
  std::string_view module_;
  std::uint32_t type_ = 0;
  fd_ref holder_;
};

/// Says that a function of a program's BTF begins at an instruction (struct bpf_func_info).
struct function_info {
  std::uint32_t instruction = 0;  ///< Number of the instruction, from 0.
  std::uint32_t type = 0;         ///< The function's BTF type id.
};

/// How to load a program; see program::load().
struct program_options {
  required<program_type> type;    ///< Required.
  instructions_ref instructions;  ///< Required. At least one, ending in an exit.
  zstring_view license = "";      ///< "GPL" opens the helpers that are for GPL-compatible programs only.
  std::string_view name = {};     ///< Up to 15 bytes: letters, digits, '_' and '.'. Shown by tools. Since Linux 4.15.
  /// Needed where one type serves several hooks; a hook's enumerator says which. Since Linux 4.17.
  std::optional<bpflink::attach_type> expected_attach_type = {};
  load_target target = {};        ///< For tracing, LSM, iterator, struct_ops and extension programs. Since Linux 5.5.
  bool sleepable = false;         ///< May sleep. BPF_F_SLEEPABLE, since Linux 5.10.
  bool strict_alignment = false;  ///< The verifier demands aligned access. BPF_F_STRICT_ALIGNMENT.
  bool xdp_fragments = false;     ///< XDP: takes packets of several buffers. BPF_F_XDP_HAS_FRAGS, since Linux 5.18.
  fd_ref btf = {};                ///< BTF object of the program itself; takes `functions` too. Since Linux 5.0.
  /// All functions of the program with their types in `btf`, the first at instruction 0. What other programs attach to
  /// by name.
  std::span<const function_info> functions = {};
};

/// Raises this process's RLIMIT_MEMLOCK to what it may have. Before Linux 5.11 programs and maps count against it, and
/// loading fails with permission_denied where it is too low. Process-wide, so the library does not do it by itself.
///
/// @errors permission_denied: the hard limit cannot be raised without CAP_SYS_RESOURCE; it is now used in full.
/// @kernel setrlimit(2), RLIMIT_MEMLOCK
[[nodiscard]] BPFLINK_API expected<void> raise_memory_lock_limit() noexcept;

}  // namespace bpflink
