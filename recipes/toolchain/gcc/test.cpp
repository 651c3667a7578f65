// What C++ programs use: every standard header, threads, exceptions, streams, file names.
#include <bits/stdc++.h>

struct Base {
    virtual ~Base() = default;
    virtual int value() const = 0;
};
struct Derived : Base {
    int value() const override { return 42; }
};

int main()
{
    std::vector<int> numbers(100);
    std::iota(numbers.begin(), numbers.end(), 1);
    auto even = numbers | std::views::filter([](int i) { return i % 2 == 0; });
    if (std::accumulate(even.begin(), even.end(), 0) != 2550)
        return 1;

    std::atomic<int> count{0};
    std::mutex mutex;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                std::lock_guard lock(mutex);
                ++count;
            });
    }
    if (count != 4 || std::async(std::launch::async, [] { return 7; }).get() != 7)
        return 2;

    try {
        std::unique_ptr<Base> base = std::make_unique<Derived>();
        if (base->value() == 42)
            throw std::runtime_error("thrown");
        return 3;
    } catch (const std::exception &error) {
        if (std::string("thrown") != error.what())
            return 4;
    }

    auto path = std::filesystem::temp_directory_path();
    if (!std::filesystem::is_directory(path) || !std::regex_match("abc", std::regex("[a-c]+")))
        return 5;
    std::cout << std::format("{} {:.2f}", "C++ works,", 3.14159) << std::endl;
    std::random_device device;
    return device() == device() && device() == device();
}
