// SPDX-License-Identifier: MIT
#include "proxy.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <bpflink/format.hpp>
#include <csignal>
#include <fstream>

#include "splice.hpp"

namespace proxy {

namespace {

using bpflink::unique_fd;

void tell(const unique_fd& ready, const std::string& words) {
  if (::write(ready.get(), words.data(), words.size()) < 0) std::_Exit(1);
}

// By read(2) and write(2), one piece at a time.
bool copy_piece(const unique_fd& from, const unique_fd& to) {
  std::array<char, 16384> bytes;
  const auto got = ::read(from.get(), bytes.data(), bytes.size());
  return got > 0 && ::write(to.get(), bytes.data(), static_cast<std::size_t>(got)) == got;
}

void copy(const unique_fd& client, const unique_fd& server) {
  for (;;) {
    std::array<pollfd, 2> waiting{pollfd{client.get(), POLLIN, 0}, pollfd{server.get(), POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) return;
    if (waiting[0].revents != 0 && !copy_piece(client, server)) return;
    if (waiting[1].revents != 0 && !copy_piece(server, client)) return;
  }
}

[[noreturn]] void serve(way how, const listener& front, std::uint16_t back, const unique_fd& ready) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGINT, SIG_IGN);  // whoever started it ends it
  std::signal(SIGTERM, SIG_DFL);
  const auto client = accept_one(front);
  const auto server = connect_to(back);
  if (how == way::copied) {
    tell(ready, "-");
    copy(client, server);
    std::_Exit(0);
  }
  const auto joined = splice::join(client, front.port, server);
  if (!joined) {
    fmt::print(stderr, "cannot {}\n", joined.error().message());
    std::_Exit(1);
  }
  tell(ready, fmt::format("{}", joined->mechanism()));
  // From here on it does nothing at all, and the bytes flow.
  for (;;) ::pause();
}

}  // namespace

process::process(way how, const listener& front, std::uint16_t back) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe(ends.data()) < 0) return;
  told_ = unique_fd::adopt(ends[0]);
  const auto ready = unique_fd::adopt(ends[1]);
  child_ = ::fork();
  if (child_ == 0) {
    told_.reset();
    serve(how, front, back, ready);
  }
}

process::~process() {
  if (child_ < 0) return;
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

std::optional<std::string> process::wait_until_joined() {
  std::array<char, 32> words{};
  const auto got = ::read(told_.get(), words.data(), words.size());
  if (got <= 0) return std::nullopt;
  return std::string{words.data(), static_cast<std::size_t>(got)};
}

calls process::counted() const {
  std::ifstream file{fmt::format("/proc/{}/io", child_)};
  calls found;
  std::string word;
  for (std::uint64_t number = 0; file >> word >> number;) {
    if (word == "syscr:") found.reads = number;
    if (word == "syscw:") found.writes = number;
  }
  return found;
}

}  // namespace proxy
