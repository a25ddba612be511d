// SPDX-License-Identifier: MIT
// What is attached without a bpf_link, under faults: its update, detach and close, and what its hook has then.
#pragma once

#include <sys/syscall.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "faults.hpp"

namespace bpflink::faults {

using program_ids = std::vector<std::uint32_t>;

/// A hook: attached to by the library, asked and cleared by the oracle.
template <class Link>
struct bare_hook {
  std::function<expected<Link>(program_ref)> attach;
  std::function<program_ids()> attached;
  std::function<int(const test::fd&)> detach;
};

/// A program at the hook, and the next one. It stays where it is: its operations refer to it.
template <class Link>
class bare_attachment {
 public:
  bare_attachment(bare_hook<Link> hook, test::counted_program program, test::counted_program next)
      : hook_{std::move(hook)}, program_{std::move(program)}, next_{std::move(next)} {
    attach_again();
  }
  bare_attachment(const bare_attachment&) = delete;
  bare_attachment& operator=(const bare_attachment&) = delete;
  ~bare_attachment() = default;

  operation update(tolerance tolerated, std::vector<meaning> also) {
    return {.run = [this] { return outcome_of(link_->update(ref(next_))); },
            .after =
                [this](const outcome& ended, const std::string& where) {
                  expect_attached({test::program_id((ended ? program_ : next_).get())}, where);
                  if (!ended) attach_again();
                },
            .tolerated = std::move(tolerated),
            .also = std::move(also)};
  }
  operation detach(tolerance tolerated = may_work) {
    return {.run = [this] { return outcome_of(link_->detach()); },
            .after =
                [this](const outcome& ended, const std::string& where) {
                  expect_attached(if_attached(ended.has_value()), where);
                  // What failed can be done again.
                  expect_equal(sentence(link_->detach()), "");
                  attach_again();
                },
            .tolerated = std::move(tolerated)};
  }
  /// Tolerates the end of an interrupted close(2), too.
  operation close(tolerance tolerated = {}) {
    return {.run = [this] { return outcome_of(link_->close()); },
            .after =
                [this](const outcome& ended, const std::string& where) {
                  expect(!*link_, "the handle is not empty after " + where);
                  // Only where the kernel did not detach it is it attached still.
                  const bool refused = ended && ended->operation() != bpflink::operation::close;
                  expect_attached(if_attached(refused), where);
                  if (refused) expect_equal(hook_.detach(program_.program), 0);
                  attach_again();
                },
            .tolerated =
                [tolerated = std::move(tolerated)](const test::system_call& call, int error) {
                  return error == EINTR || (tolerated && call.number != SYS_close && tolerated(call, error));
                },
            .also = {{ENOENT, errc::not_found}}};
  }

  /// An operation of this one's fails in all ways, after which nothing is left.
  void fail(std::span<const int> errors, const operation& tested) {
    test::syscall_supervisor supervisor;
    // Under the numbers that descriptors have from here on.
    attach_again();
    expect(fail_all(supervisor, errors, tested) >= errors.size());
    link_.reset();
    expect_attached({}, "all");
    expect_freed(std::move(program_));
    expect_freed(std::move(next_));
  }

 private:
  void attach_again() {
    link_.reset();
    expect_attached({}, "letting go");
    link_.emplace(must(hook_.attach(ref(program_))));
    expect(link_->mechanism() != mechanism::link, "it is a link");
  }
  void expect_attached(const program_ids& expected, const std::string& where) const {
    expect(hook_.attached() == expected, "what is attached after " + where);
  }
  [[nodiscard]] program_ids if_attached(bool attached) const {
    return attached ? program_ids{test::program_id(program_.get())} : program_ids{};
  }

  bare_hook<Link> hook_;
  test::counted_program program_;
  test::counted_program next_;
  std::optional<Link> link_;
};

}  // namespace bpflink::faults
