// A macro as a user writes it: the standard headers, ROOT's classes, a value returned.
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

int macro(int scale)
{
   std::vector<int> values(10);
   std::iota(values.begin(), values.end(), 1);
   TH1I histogram("h", "", 10, 0.5, 10.5);
   for (int value : values)
      histogram.Fill(value, value);
   std::cout << std::string("sum ") << histogram.GetSumOfWeights() << std::endl;
   return scale * std::accumulate(values.begin(), values.end(), 0);
}
