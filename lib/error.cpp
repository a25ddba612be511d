// SPDX-License-Identifier: MIT
#include "bpflink/error.hpp"

#include <fmt/core.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "error_record.hpp"

namespace bpflink::detail {

// One block: this structure, and the characters of all pieces behind it.
struct error_record {
  std::atomic<unsigned> owners{1};
  error_pieces pieces;
};

namespace {

// malloc and not new: an error must come out even where there is no memory and there are no exceptions.
error_record* make_record(const error_pieces& pieces) noexcept {
  const std::size_t characters = pieces.action.size() + pieces.joint.size() + pieces.target.size() +
                                 pieces.reason.size() + pieces.hint.size() + pieces.log.size();
  const std::size_t first = pieces.first != nullptr ? sizeof(bpf_error) : 0;
  void* const block = std::malloc(sizeof(error_record) + first + characters);
  if (block == nullptr) return nullptr;

  auto* const record = new (block) error_record{};
  auto* free = static_cast<std::byte*>(block) + sizeof(error_record);
  if (pieces.first != nullptr) {
    record->pieces.first = new (free) bpf_error{*pieces.first};
    free += first;
  }
  auto* characters_at = reinterpret_cast<char*>(free);
  const auto keep = [&characters_at](std::string_view piece) {
    if (!piece.empty()) std::memcpy(characters_at, piece.data(), piece.size());
    return std::string_view{std::exchange(characters_at, characters_at + piece.size()), piece.size()};
  };
  record->pieces.action = keep(pieces.action);
  record->pieces.joint = keep(pieces.joint);
  record->pieces.target = keep(pieces.target);
  record->pieces.reason = keep(pieces.reason);
  record->pieces.hint = keep(pieces.hint);
  record->pieces.log = keep(pieces.log);
  return record;
}

error_record* share(error_record* record) noexcept {
  if (record != nullptr) record->owners.fetch_add(1, std::memory_order_relaxed);
  return record;
}

void drop(error_record* record) noexcept {
  if (record == nullptr || record->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (record->pieces.first != nullptr) record->pieces.first->~bpf_error();
  record->~error_record();
  std::free(record);
}

}  // namespace

bpf_error error_access::make(errc code, bpflink::operation call, bpflink::cause why, int number,
                             const error_pieces& pieces) noexcept {
  return {code, call, why, number, make_record(pieces)};
}

}  // namespace bpflink::detail

namespace bpflink {

bpf_error::bpf_error(const bpf_error& other) noexcept
    : code_{other.code_},
      operation_{other.operation_},
      cause_{other.cause_},
      sys_errno_{other.sys_errno_},
      record_{detail::share(other.record_)} {}

bpf_error::bpf_error(bpf_error&& other) noexcept
    : code_{other.code_},
      operation_{other.operation_},
      cause_{other.cause_},
      sys_errno_{other.sys_errno_},
      record_{std::exchange(other.record_, nullptr)} {}

bpf_error& bpf_error::operator=(const bpf_error& other) noexcept {
  if (this != &other) *this = bpf_error{other};
  return *this;
}

bpf_error& bpf_error::operator=(bpf_error&& other) noexcept {
  if (this == &other) return *this;
  code_ = other.code_;
  operation_ = other.operation_;
  cause_ = other.cause_;
  sys_errno_ = other.sys_errno_;
  detail::drop(std::exchange(record_, std::exchange(other.record_, nullptr)));
  return *this;
}

bpf_error::~bpf_error() { detail::drop(record_); }

std::string_view bpf_error::action() const noexcept { return record_ != nullptr ? record_->pieces.action : ""; }
std::string_view bpf_error::target() const noexcept { return record_ != nullptr ? record_->pieces.target : ""; }
std::string_view bpf_error::reason() const noexcept { return record_ != nullptr ? record_->pieces.reason : ""; }
std::string_view bpf_error::hint() const noexcept { return record_ != nullptr ? record_->pieces.hint : ""; }
std::string_view bpf_error::log() const noexcept { return record_ != nullptr ? record_->pieces.log : ""; }
const bpf_error* bpf_error::first() const noexcept { return record_ != nullptr ? record_->pieces.first : nullptr; }

namespace {

void append_call(std::string& line, bpflink::operation call, int number) {
  line += to_string(call);
  line += ": ";
  if (const auto name = errno_name(number); !name.empty()) {
    line += name;
  } else {
    fmt::format_to(std::back_inserter(line), "errno {}", number);
  }
}

}  // namespace

std::string bpf_error::message() const {
  std::string line;
  const auto piece = [&line](std::string_view before, std::string_view characters) {
    if (characters.empty()) return;
    if (!line.empty()) line += before;
    line += characters;
  };
  piece("", action());
  if (!target().empty()) {
    piece(" ", record_->pieces.joint);
    piece(" ", target());
  }
  piece(": ", reason().empty() ? to_string(code_) : reason());
  piece("; ", hint());
  if (operation_ != operation::none) {
    line += line.empty() ? "(" : " (";
    append_call(line, operation_, sys_errno_);
    if (const auto* before = first(); before != nullptr && before->operation() != operation::none) {
      line += "; first ";
      append_call(line, before->operation(), before->sys_errno());
    }
    line += ')';
  }
  return line;
}

}  // namespace bpflink
