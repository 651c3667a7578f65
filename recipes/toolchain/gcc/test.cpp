// What an analysis uses of C++20: every standard header, threads, exceptions, streams, ranges.
#include <bits/stdc++.h>

int main()
{
    std::atomic<int> events{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&, i] { events += i; });
    }
    auto odd = std::views::iota(1, 10) | std::views::filter([](int i) { return i % 2; });
    std::map<std::string, double> sums{{"odd", std::accumulate(odd.begin(), odd.end(), 0.)}};
    try {
        sums.at("even");
        return 1;
    } catch (const std::out_of_range &) {
        std::cout << std::format("{} {:.1f}", events.load(), sums["odd"]) << std::endl;
    }
    return events == 6 && sums["odd"] == 25 && std::filesystem::exists("/") ? 0 : 2;
}
