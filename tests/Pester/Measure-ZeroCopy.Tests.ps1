BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:methods = [Enum]::GetNames([Splice.MeasuredMethod])
}

Describe 'Measure-ZeroCopy' {
    BeforeEach {
        $script:folder = (New-Item -ItemType Directory "$TestDrive/$([guid]::NewGuid())").FullName
        Push-Location $folder
    }

    AfterEach { Pop-Location }

    It 'measures every method in the current folder, and leaves nothing' {
        $results = Measure-ZeroCopy -Size 100KB -Iterations 3
        $results | Should -BeOfType Splice.MeasurementResult
        $results.Method | Should -Be $methods
        foreach ($result in $results | Where-Object IsAvailable) {
            $result.Times.Count | Should -Be 3
            $result.Median | Should -BeGreaterThan ([timespan]::Zero)
            $result.Median | Should -Be ($result.Times | Sort-Object)[1]
            $result.BytesPerSecond | Should -BeGreaterThan 0
        }

        foreach ($result in $results | Where-Object -Not IsAvailable) {
            $result.Times.Count | Should -Be 0
            $result.Median | Should -BeNullOrEmpty
            $result.Reason | Should -Not -BeNullOrEmpty
        }

        $results.Source | Sort-Object -Unique | Should -BeExactly $folder
        $results.Destination | Sort-Object -Unique | Should -BeExactly $folder
        Get-ChildItem -Force | Should -BeNullOrEmpty
        Assert-Closed $folder
    }

    It 'knows what -Method Auto takes, <Name>' -ForEach @(
        @{ Name = 'in one folder'; To = '.' }
        @{ Name = 'to another file system'; To = '/dev/shm' }
    ) {
        $target = "$To/splice-test-$PID"
        try {
            $auto = Measure-ZeroCopy . $To -Size 100KB -Iterations 1 | Where-Object IsAuto
            [IO.File]::WriteAllBytes("$folder/source", (Get-TestByte 100KB))
            "$($auto.Method)" | Should -Be (Copy-ItemZeroCopy source $target).Method
        }
        finally {
            Remove-Item $target -ErrorAction Ignore
        }
    }

    It 'runs what is named, each once' {
        (Measure-ZeroCopy -Size 1KB -Iterations 1 -Method FileCopy, ReadWrite, FileCopy).Method | Should -Be FileCopy, ReadWrite
    }

    It 'takes folders as they stand, relative to $PWD' {
        $null = [IO.Directory]::CreateDirectory("$folder/[a]*")
        $null = [IO.Directory]::CreateDirectory("$folder/b")
        $result = Measure-ZeroCopy '[a]*' b -Size 1KB -Method ReadWrite
        $result.Source | Should -BeExactly "$folder/[a]*"
        $result.Destination | Should -BeExactly "$folder/b"
    }

    It 'does nothing with -WhatIf' {
        Measure-ZeroCopy -Size 1PB -HtmlPath page.html -WhatIf | Should -BeNullOrEmpty
        Get-ChildItem -Force | Should -BeNullOrEmpty
    }

    It 'says what it cannot do: <Id>' -ForEach @(
        @{ Id = 'DestinationFolderNotFound'; Category = 'ObjectNotFound'; Call = { Measure-ZeroCopy gone -Size 1KB } }
        @{ Id = 'DestinationFolderNotFound'; Category = 'ObjectNotFound'; Call = { Measure-ZeroCopy . gone -Size 1KB } }
        @{ Id = 'DestinationFolderNotFound'; Category = 'ObjectNotFound'; Call = { Measure-ZeroCopy -Size 1KB -HtmlPath gone/page.html } }
        @{ Id = 'DestinationExists'; Category = 'ResourceExists'; Call = { Measure-ZeroCopy -Size 1KB -HtmlPath . } }
        @{ Id = 'DiskFull'; Category = 'WriteError'; Call = { Measure-ZeroCopy -Size 1PB } }
        @{ Id = 'NotFileSystem'; Category = 'InvalidArgument'; Call = { Measure-ZeroCopy env:/ -Size 1KB } }
        @{ Id = 'NotFileSystem'; Category = 'InvalidArgument'; Call = { Measure-ZeroCopy -HtmlPath env:/page -Size 1KB } }
    ) {
        $failure = Get-Failure $Call
        $failure.Count | Should -Be 1
        $failure[0].FullyQualifiedErrorId | Should -BeExactly "$Id,Splice.Commands.MeasureZeroCopyCommand"
        $failure[0].CategoryInfo.Category | Should -Be $Category
        Get-ChildItem -Force | Should -BeNullOrEmpty
    }

    It 'takes no <Name>' -ForEach @(
        @{ Name = 'size of 0'; Id = 'ParameterArgumentValidationError'; Call = { Measure-ZeroCopy -Size 0 } }
        @{ Name = 'rounds of 0'; Id = 'ParameterArgumentValidationError'; Call = { Measure-ZeroCopy -Iterations 0 } }
        @{ Name = 'method Auto'; Id = 'CannotConvertArgumentNoMessage'; Call = { Measure-ZeroCopy -Method Auto } }
    ) {
        $Call | Should -Throw -ErrorId "$Id,Splice.Commands.MeasureZeroCopyCommand"
    }

    It 'shows a table of 100 columns with a row a method' {
        $rendering = $PSStyle.OutputRendering
        $PSStyle.OutputRendering = 'PlainText'
        try {
            $lines = (Measure-ZeroCopy . /dev/shm -Size 64KB | Out-String -Width 100) -split "`n" | Where-Object { $_.Trim() }
        }
        finally {
            $PSStyle.OutputRendering = $rendering
        }

        $lines | ForEach-Object Length | Should -BeLessOrEqual 100
        @($lines -match "^$([regex]::Escape($folder)) -> /dev/shm, 64").Count | Should -Be 1
        @($lines -match "^($($methods -join '|'))\b").Count | Should -Be 7
        @($lines -match '^\w+ +\* +\d').Count | Should -Be 1
        @($lines -match '^Reflink +EXDEV *$').Count | Should -Be 1
    }

    It 'shows progress between the runs' {
        $background = Invoke-Background 'Measure-ZeroCopy $args[0] -Size 1MB -Iterations 1000000' $folder
        Wait-Until { $background.Shell.Streams.Progress.Count -gt 0 } 'progress'
        $record = $background.Shell.Streams.Progress[0]
        $background.Shell.Stop()
        $record.Activity | Should -BeLike "Measuring from $folder*"
        $record.StatusDescription | Should -Match "^(Writing the test data|($($methods -join '|')), (to warm up|round \d+ of .*))$"
    }

    It 'stops at once and leaves nothing, with <_>' -ForEach 'CopyFileRange', 'SendFile', 'ReadWrite', 'StreamCopyTo', 'FileCopy' {
        $background = Invoke-Background 'Measure-ZeroCopy $args[0] -Size 64MB -Iterations 1000000 -Method $args[1] -HtmlPath $args[2]' $folder, $_, "$folder/page.html"
        Wait-Until { @(Get-OpenFile $folder).Count -gt 1 } 'the first copy'
        $background.Shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne(30000) | Should -BeTrue
        $background.Shell.InvocationStateInfo.State | Should -Be Stopped
        $background.Shell.Streams.Error | Should -BeNullOrEmpty
        $background.Output | Should -BeNullOrEmpty
        Get-ChildItem -Force | Should -BeNullOrEmpty
        Wait-Until { -not (Get-OpenFile $folder) } 'the files being closed'
    }
}

Describe 'The page of Measure-ZeroCopy' {
    BeforeAll {
        $script:browser = Get-Command chromium, chromium-browser, google-chrome -CommandType Application -ErrorAction Ignore | Select-Object -First 1
    }

    BeforeEach {
        $script:folder = (New-Item -ItemType Directory "$TestDrive/$([guid]::NewGuid())").FullName
        Push-Location $folder
    }

    AfterEach { Pop-Location }

    It 'is written beside the results, and replaces an old one whole' {
        Set-Content page.html 'the old page'
        chmod 604 page.html
        $reader = [IO.File]::OpenText("$folder/page.html")
        $results = Measure-ZeroCopy -Size 64KB -HtmlPath page.html
        $results.Count | Should -Be 7
        $reader.ReadToEnd() | Should -Be "the old page`n"
        $reader.Dispose()
        $page = Get-Content page.html -Raw
        foreach ($text in $methods + (uname -r), [Environment]::MachineName, '64.0 KiB') {
            $page | Should -BeLike "*$([Net.WebUtility]::HtmlEncode($text))*"
        }

        stat --format %a page.html | Should -Be 604
        (Get-ChildItem -Force).Name | Should -Be page.html
    }

    It 'is shown by a browser, <Scheme>, <Width> pixels wide' -ForEach @(
        @{ Scheme = 'dark'; Number = 0; Width = 1100 }
        @{ Scheme = 'light'; Number = 1; Width = 1100 }
        @{ Scheme = 'light'; Number = 1; Width = 500 }
    ) {
        if (-not $browser) {
            Set-ItResult -Skipped -Because 'there is no chromium'
        }

        $odd = "$folder/<b onmouseover=alert(1)> & `"two`""
        $null = [IO.Directory]::CreateDirectory($odd)
        $null = Measure-ZeroCopy $odd -Size 64KB -HtmlPath page.html

        # The page forbids all scripts; here one looks what has become of it.
        $probe = @'
<script>
const of = (selector) => getComputedStyle(document.querySelector(selector));
const light = (color) => color.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 765;
const outside = [...document.querySelectorAll('svg')].flatMap(svg => [...svg.querySelectorAll('text, rect')].filter(
  item => { const box = item.getBBox(); return box.x < 0 || box.x + box.width > svg.viewBox.baseVal.width; }));
document.title = JSON.stringify({
  page: light(of('body').backgroundColor), text: light(of('body').color), label: light(of('.chart .label').fill),
  bars: [...document.querySelectorAll('svg')].map(svg => svg.querySelectorAll('rect').length), outside: outside.length,
  wide: [...document.querySelectorAll('html, section, section div, table')].filter(item => item.scrollWidth > item.clientWidth).length,
  cut: [...document.querySelectorAll('th, td')].filter(
    item => item.getBoundingClientRect().right > item.closest('section').getBoundingClientRect().right).length,
  smallest: Math.min(...[...document.querySelectorAll('svg text')].map(item => item.getBoundingClientRect().height)),
  loaded: performance.getEntriesByType('resource').length, injected: document.querySelectorAll('b').length,
  path: document.querySelector('.path').textContent,
});
</script>
'@
        $page = Get-Content page.html -Raw
        Set-Content probe.html ($page -replace '<meta http-equiv[^>]*>' -replace '</body>', "$probe</body>")
        $flags = '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', "--user-data-dir=$folder/profile",
            "--window-size=$Width,1900", "--blink-settings=preferredColorScheme=$Number"
        $dom = & $browser @flags --dump-dom "file://$folder/probe.html" 2>$null | Out-String
        $dom -match '(?s)<title>(?<json>\{.*?\})</title>' | Should -BeTrue -Because 'the browser has run the page'
        $seen = [Net.WebUtility]::HtmlDecode($Matches.json) | ConvertFrom-Json
        $measured = [regex]::Matches($page, '<rect class="bar').Count / 2
        $seen.bars | Should -Be $measured, $measured
        $measured | Should -BeGreaterOrEqual 5
        $seen.outside | Should -Be 0
        $seen.wide | Should -Be 0
        $seen.cut | Should -Be 0
        $seen.smallest | Should -BeGreaterThan 8 -Because 'it is to be read'
        $seen.loaded | Should -Be 0
        $seen.injected | Should -Be 0
        $seen.path | Should -BeExactly $odd
        ($seen.page -lt 0.3) | Should -Be ($Scheme -eq 'dark')
        [Math]::Abs($seen.page - $seen.text) | Should -BeGreaterThan 0.6
        [Math]::Abs($seen.page - $seen.label) | Should -BeGreaterThan 0.3
    }
}
