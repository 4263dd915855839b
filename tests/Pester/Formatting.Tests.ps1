BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:rendering = $PSStyle.OutputRendering
    $PSStyle.OutputRendering = 'PlainText'
    $script:culture = [cultureinfo]::CurrentCulture
    [cultureinfo]::CurrentCulture = [cultureinfo]::InvariantCulture

    # The lines of what a person sees.
    function Get-View([object] $InputObject, [int] $Width = 160) {
        ($InputObject | Out-String -Width $Width) -split "`n" | Where-Object { $_.Trim() }
    }
}

AfterAll {
    $PSStyle.OutputRendering = $rendering
    [cultureinfo]::CurrentCulture = $culture
}

Describe 'The table' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = [IO.Directory]::CreateDirectory($folder)
        [IO.File]::WriteAllBytes("$folder/a", [byte[]]::new(1536))
    }

    It 'has a heading, a rule and a row a result' {
        $lines = Get-View (Copy-ItemZeroCopy "$folder/a" "$folder/b" -Method SendFile -RateLimit 10KB)
        $lines.Count | Should -Be 3
        $lines[0] | Should -Match '^ +Bytes +InHoles +Method +Seconds +Rate +Destination$'
        $lines[2] | Should -Match "^ *1\.50 KiB +SendFile +\d+\.\d{3} +[\d.]+ \w*B/s \S+/b$"
    }

    It 'has no rate of a copy that takes almost no time, and none of what was not moved' {
        $result = Copy-ItemZeroCopy "$folder/a" "$folder/b" -Method SendFile
        $fast = [Splice.TransferResult]@{ Source = 'a'; Destination = 'b'; Attempts = [Splice.MethodAttempt[]]@(); BytesMoved = 1536; Elapsed = [timespan]::FromMilliseconds(9.9); Method = 'SendFile' }
        $holes = [Splice.TransferResult]@{ Source = 'a'; Destination = 'b'; Attempts = [Splice.MethodAttempt[]]@(); BytesInHoles = 1GB; Elapsed = [timespan]::FromSeconds(1) }
        (Get-View $fast)[2] | Should -Match '^ *1\.50 KiB +SendFile +0\.010 +b$'
        (Get-View $holes)[2] | Should -Match '^ *1\.00 GiB 1\.00 GiB +1\.000 +b$'
        $result.BytesPerSecond | Should -BeGreaterThan 0
    }

    It 'has no empty cells in the constrained language' {
        $lines = pwsh -NoProfile -NonInteractive -Command {
            param($module, $from, $to)
            Import-Module $module
            [cultureinfo]::CurrentCulture = [cultureinfo]::InvariantCulture
            $ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'
            Copy-ItemZeroCopy $from $to -Method SendFile -RateLimit 10KB | Out-String -Width 160
        } -args "$PSScriptRoot/../../out/Splice", "$folder/a", "$folder/b"
        $row = "$lines" -split "`n" | Where-Object { $_ -like '*SendFile*' }
        $row | Should -Match '^ *0\.0 MiB +SendFile +\d+\.\d{3} +[\d.]+ MiB/s '
    }

    It 'aligns numbers to the right' {
        truncate --size 1M "$folder/a"
        $lines = Get-View (Copy-ItemZeroCopy "$folder/a" "$folder/b" -RateLimit 10KB)
        foreach ($heading in 'Bytes', 'InHoles', 'Seconds', 'Rate') {
            $end = $lines[0].IndexOf($heading) + $heading.Length - 1
            $lines[2][$end] | Should -Not -Be ' '
            $lines[2][$end + 1] | Should -Be ' '
        }
    }

    It 'shows several results under one heading' {
        $lines = Get-View @(
            Copy-ItemZeroCopy "$folder/a" "$folder/b"
            Copy-ItemZeroCopy "$folder/a" "$folder/c"
        )
        $lines.Count | Should -Be 4
    }

    It 'shows results of both cmdlets' {
        $in = [IO.File]::OpenRead("$folder/a")
        $out = [IO.File]::Create("$folder/b")
        $lines = Get-View @(
            Copy-ItemZeroCopy "$folder/a" "$folder/c"
            Invoke-Splice $in $out
        )
        $in.Dispose()
        $out.Dispose()
        $lines.Count | Should -Be 4
        $lines[3] | Should -Match ' Splice '
    }

    It 'shows holes' {
        truncate --size 3M "$folder/a"
        (Get-View (Copy-ItemZeroCopy "$folder/a" "$folder/b"))[2] | Should -Match '^ *3\.00 MiB +3\.00 MiB '
    }

    It 'has no method where nothing was moved' {
        $lines = Get-View (Copy-ItemZeroCopy "$folder/a" "$folder/b" -Count 0)
        $lines[2] | Should -Match '^ +0\.\d{3} +\S+/b \(no data\)$'
    }

    It 'has no 0 B where nothing was left to copy, and a note' {
        $null = New-Item -ItemType Directory "$folder/tree/sub"
        Set-Content "$folder/tree/file" text
        $null = Copy-ItemZeroCopy "$folder/tree" "$folder/copy/" -Recurse
        Set-Content "$folder/empty" '' -NoNewline
        $results = @(
            Copy-ItemZeroCopy "$folder/tree" "$folder/copy/" -Recurse -Update Changed
            Copy-ItemZeroCopy "$folder/tree/*" "$folder/copy/tree" -Recurse -Update Changed
            Copy-ItemZeroCopy "$folder/empty" "$folder/new"
        )
        foreach ($result in $results) {
            $result | Out-String -Width 300 | Should -Not -Match '\b0 B\b'
            $result | Format-List | Out-String -Width 300 | Should -Not -Match '\b0 B\b'
        }

        (Get-View $results[-1] -Width 300)[2] | Should -Match '/new \(no data\)$'
    }

    It 'fits a narrow terminal' {
        Get-View (Copy-ItemZeroCopy "$folder/a" "$folder/b") -Width 60 | ForEach-Object Length | Should -BeLessOrEqual 60
    }

    It 'has the status where nothing was copied' {
        $result = [Splice.TransferResult]@{ Source = 'a'; Destination = 'b'; Attempts = [Splice.MethodAttempt[]]@(); Status = 'Unchanged' }
        (Get-View $result)[2] | Should -Match '^ +0\.000 +b \(unchanged\)$'
    }

    It 'is one line of sums for a folder, under its source and destination' {
        $null = New-Item -ItemType Directory "$folder/tree/sub"
        1..3 | ForEach-Object { [IO.File]::WriteAllBytes("$folder/tree/sub/$_", [byte[]]::new(1KB)) }
        $lines = Get-View (Copy-ItemZeroCopy "$folder/tree" "$folder/copy" -Recurse) -Width 300
        $lines[0].Trim() | Should -BeExactly "$folder/tree -> $folder/copy"
        ($lines[1].Trim() -replace ' +', ' ') | Should -BeExactly 'Copied Updated Unchanged Skipped Removed Failed Folders Bytes Rate'
        $lines[3] | Should -Match '^ +3 +2 3\.00 KiB'
        $again = Copy-ItemZeroCopy "$folder/tree/sub" "$folder/copy" -Recurse
        (Get-View $again -Width 300)[3] | Should -Match '^ +0 +3 +1 3\.00 KiB'
        ($again | Format-List | Out-String) | Should -Match '(?m)^Updated +: 3\r?$'
    }

    It 'is a short list with Format-List' {
        $lines = Copy-ItemZeroCopy "$folder/a" "$folder/b" -HashAlgorithm MD5 | Format-List | Out-String -Stream | Where-Object { $_ }
        $lines.Count | Should -BeIn (8..12)
        $lines -match '^Hash +: [0-9A-F]{32}$' | Should -HaveCount 1
        $lines -match '^Warnings' | Should -HaveCount 0
    }

    It 'is only a view: Format-List has everything' {
        $text = Copy-ItemZeroCopy "$folder/a" "$folder/b" | Format-List * | Out-String
        foreach ($name in [Splice.TransferResult].GetProperties().Name) {
            $text | Should -Match "(?m)^$name\s*:"
        }
    }

    It 'is left out by ConvertTo-Json and Export-Csv' {
        $result = Copy-ItemZeroCopy "$folder/a" "$folder/b"
        ($result | ConvertTo-Json -Depth 3 | ConvertFrom-Json).BytesCopied | Should -Be 1536
        $result | Export-Csv "$folder/csv"
        (Import-Csv "$folder/csv").Destination | Should -BeExactly "$folder/b"
    }
}

Describe 'The table of <Type>' -ForEach @(
    @{ Type = 'TransferResult'; Call = { Copy-ItemZeroCopy a to }; Headings = 'Bytes InHoles Method Seconds Rate Destination' }
    @{ Type = 'ComparisonResult'; Call = { Compare-ItemZeroCopy a a }; Headings = 'Side Difference Offset Read Shared Path' }
    @{ Type = 'ComparisonResult#Tree'; Call = { Set-Content to/x 1; Compare-ItemZeroCopy to . -Recurse }; Headings = 'Side Difference Offset Path' }
    @{ Type = 'SplicePipe'; Call = { New-SplicePipe }; Headings = 'Capacity Available ReadEnd WriteEnd' }
    @{ Type = 'PipelineResult'; Call = { Invoke-PipelineZeroCopy { cat } -InputPath a -OutputPath out }; Headings = 'In Out Code Seconds Rate Commands' }
    @{ Type = 'NativeCommandResult'; Call = { (Invoke-PipelineZeroCopy { cat } -InputPath a -OutputPath out).Commands }; Headings = 'Code Signal Seconds CPU Memory Command' }
    @{ Type = 'MethodReport'; Call = { Test-ZeroCopy a copy }; Headings = 'Order Method Available Chosen Reason' }
    @{ Type = 'MeasurementResult'; Call = { Measure-ZeroCopy -Size 64KB -Iterations 1 }; Headings = 'Method Auto Median ms Spread ms Rate CPU ms/GiB Calls Obstacle' }
    @{ Type = 'RemoteTransferResult'; Call = { Send-ItemZeroCopy a web1 . }; Headings = 'HostName Sent Seconds Rate Destination'; NeedsHost = $true }
    @{ Type = 'RemoteTransferResult#Received'; Call = { Receive-ItemZeroCopy "$PWD/a" web1 to }; Headings = 'HostName Received Seconds Rate Destination'; NeedsHost = $true }
    @{ Type = 'RemoteTransferResult#Tree'; Call = { Sync-ItemZeroCopy . to -HostName web1 -Exclude x }; Headings = 'HostName Copied Updated Unchanged Removed Failed Bytes Seconds'; NeedsHost = $true }
    @{ Type = 'RemoteTransferResult#Tree'; Call = { Send-ItemZeroCopy to web1 sent -Recurse -Update Changed }; Headings = 'HostName Copied Updated Unchanged Removed Failed Bytes Seconds'; NeedsHost = $true }
    @{ Type = 'RemoteTransferResult#Tree'; Call = { Receive-ItemZeroCopy "$PWD/to" web1 received -Recurse -Resume }; Headings = 'HostName Copied Updated Unchanged Removed Failed Bytes Seconds'; NeedsHost = $true }
    @{ Type = 'TransferResult#Tree'; Call = { Copy-ItemZeroCopy to copied -Recurse }; Headings = 'Copied Updated Unchanged Skipped Removed Failed Folders Bytes Rate' }
) {
    BeforeAll {
        $script:server = $NeedsHost ? (Open-SshHost "$TestDrive/ssh") : $null
        $script:place = "$TestDrive/$Type"
        $null = New-Item -ItemType Directory "$place/to" -Force
        Push-Location $place
        [IO.File]::WriteAllBytes("$place/a", [byte[]]::new(1536))
    }

    AfterAll {
        Pop-Location
        Close-SshHost $server
    }

    It 'fits 80 columns with all its headings' {
        if ($NeedsHost -and -not $server) { Set-ItResult -Skipped -Because 'an sshd of the tests is not to be had here'; return }
        $results = @(& $Call)
        $results[0].PSTypeNames[0] | Should -BeExactly "Splice.$Type"
        $lines = Get-View $results -Width 80
        $lines | ForEach-Object Length | Should -BeLessOrEqual 80
        @($lines | Where-Object { ($_.Trim() -replace ' +', ' ') -ceq $Headings }) | Should -HaveCount 1
        $results | Where-Object { $_ -is [IDisposable] } | ForEach-Object Dispose
    }
}

Describe 'Files and folders of one command' {
    It 'are rows of one table' {
        $null = New-Item -ItemType Directory "$TestDrive/both/folder"
        Set-Content "$TestDrive/both/file", "$TestDrive/both/folder/file" text
        foreach ($results in (Copy-ItemZeroCopy "$TestDrive/both/*" "$TestDrive/wildcard" -Recurse),
            (Get-ChildItem "$TestDrive/both" | Copy-ItemZeroCopy -Destination "$TestDrive/pipeline" -Recurse),
            (Move-ItemZeroCopy "$TestDrive/wildcard/*" "$TestDrive/moved")) {
            $results | Should -HaveCount 2
            $lines = Get-View $results -Width 80
            @($lines -match '^ *Bytes +InHoles ') | Should -HaveCount 1
            @($lines -match '/(folder|file)$') | Should -HaveCount 2
        }
    }
}

Describe 'Results of several cmdlets in one script' {
    BeforeDiscovery {
        $script:lists = ([xml](Get-Content "$PSScriptRoot/../../Splice.Types.ps1xml")).Types.Type.ForEach({
                @{ Type = $_.Name; Names = @($_.Members.MemberSet.Members.PropertySet.ReferencedProperties.Name) }
            })
    }

    It 'are short lists after the table of the first one' {
        $place = "$TestDrive/several"
        $null = New-Item -ItemType Directory $place
        [IO.File]::WriteAllBytes("$place/a", [byte[]]::new(1536))
        $results = @(
            Copy-ItemZeroCopy "$place/a" "$place/b"
            Compare-ItemZeroCopy "$place/a" "$place/b"
            (Test-ZeroCopy "$place/a" "$place/c")[0]
            (Measure-ZeroCopy $place -Size 64KB -Iterations 1)[0]
            New-SplicePipe
            Invoke-PipelineZeroCopy { cat } -InputPath "$place/a" -OutputPath "$place/out"
        )
        $lines = Get-View $results -Width 100
        $lines[0] | Should -Match '^ *Bytes +InHoles '
        $names = $lines -match '^\w+ +: ' -replace ' .*'
        $types = ([xml](Get-Content "$PSScriptRoot/../../Splice.Types.ps1xml")).Types.Type
        $expected = foreach ($result in $results[1..5]) {
            ($types | Where-Object Name -EQ $result.GetType().FullName).Members.MemberSet.Members.PropertySet.ReferencedProperties.Name
        }

        $names | Should -Be $expected
        $results[4].Dispose()
    }

    It 'of the type <Type> have the properties of their list' -ForEach $lists {
        $Names.Count | Should -BeIn (4..9)
        $Names | Should -BeIn ($Type -as [type]).GetProperties().Name
    }
}

Describe 'The views' {
    It 'have a list for each type' {
        $views = ([xml](Get-Content "$PSScriptRoot/../../Splice.Format.ps1xml")).Configuration.ViewDefinitions.View.ViewSelectedBy.TypeName -notlike '*#*' | Sort-Object -Unique
        ([xml](Get-Content "$PSScriptRoot/../../Splice.Types.ps1xml")).Types.Type.Name | Sort-Object | Should -Be $views
    }

    It 'are all tested above' {
        $views = ([xml](Get-Content "$PSScriptRoot/../../Splice.Format.ps1xml")).Configuration.ViewDefinitions.View.ViewSelectedBy.TypeName | Sort-Object -Unique
        $tested = Select-String -Path $PSCommandPath -Pattern "^    @\{ Type = '(\w+)'" | ForEach-Object { "Splice.$($_.Matches.Groups[1].Value)" } | Sort-Object -Unique
        # TransferResult#Tree, RemoteTransferResult#Tree and RemoteTransferResult#Received are other views of the same types.
        $tested | Should -Be @($views -notlike '*#*')
    }
}

Describe 'The size <Bytes>' -ForEach @(
    @{ Bytes = 0; Text = '0 B' }
    @{ Bytes = 1; Text = '1 B' }
    @{ Bytes = 999; Text = '999 B' }
    @{ Bytes = 1000; Text = '0.98 KiB' }
    @{ Bytes = 1KB; Text = '1.00 KiB' }
    @{ Bytes = 10KB; Text = '10.0 KiB' }
    @{ Bytes = 100KB; Text = '100 KiB' }
    @{ Bytes = 1MB; Text = '1.00 MiB' }
    @{ Bytes = 1.5GB; Text = '1.50 GiB' }
    @{ Bytes = 2TB; Text = '2.00 TiB' }
    @{ Bytes = [long]::MaxValue; Text = '8.00 EiB' }
) {
    It 'is <Text>' {
        [Splice.ByteSize]::Format($Bytes) | Should -BeExactly $Text
    }
}
