BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
}

Describe 'Split-ItemZeroCopy' {
    BeforeEach {
        $script:folder = (New-Item -ItemType Directory "$TestDrive/$([guid]::NewGuid())").FullName
        $script:content = Get-TestByte 50000
        [IO.File]::WriteAllBytes("$folder/disk.img", $content)
        Push-Location $folder
        $null = New-Item -ItemType Directory parts
    }

    AfterEach { Pop-Location }

    It 'cut a file and put it together again' -ForEach @(
        @{ Argument = @{ PartSize = 7000 }; Count = 8 }
        @{ Argument = @{ PartSize = 50000 }; Count = 1 }
        @{ Argument = @{ PartCount = 5 }; Count = 5 }
        @{ Argument = @{ PartCount = 11; NameFormat = '{1:D2}-{0}' }; Count = 11 }
    ) {
        $parts = @(Split-ItemZeroCopy disk.img parts @Argument)
        $parts | Should -HaveCount $Count
        $parts | Should -BeOfType Splice.TransferResult
        ($parts | Measure-Object BytesCopied -Sum).Sum | Should -Be 50000
        $whole = Join-ItemZeroCopy parts/* whole.img
        $whole.BytesCopied | Should -Be 50000
        $whole.FileCount | Should -Be $Count
        Assert-Content "$folder/whole.img" $content
    }

    It 'put parts into the current folder where none is named' {
        (Split-ItemZeroCopy disk.img -PartCount 2).Destination | Should -BeExactly "$folder/disk.img.001", "$folder/disk.img.002"
    }

    It 'make a missing folder whose path ends in a slash' {
        (Split-ItemZeroCopy disk.img new/ -PartCount 2).Destination | Should -BeExactly "$folder/new/disk.img.001", "$folder/new/disk.img.002"
        (Get-Failure { Split-ItemZeroCopy parts none/ -PartCount 2 }).FullyQualifiedErrorId | Should -BeLike 'SourceIsDirectory,*'
        'none' | Should -Not -Exist
    }

    It 'take names as they stand' {
        [IO.File]::WriteAllText("$folder/[a]*", 'odd')
        $null = Split-ItemZeroCopy -LiteralPath '[a]*' -Destination parts -PartSize 2
        $null = Join-ItemZeroCopy -LiteralPath 'parts/[a]*.001', 'parts/[a]*.002' -Destination whole
        Get-Content whole -Raw | Should -BeExactly 'odd'
    }

    It 'leave no part of an earlier cut behind unseen' {
        $null = Split-ItemZeroCopy disk.img parts -PartCount 8
        $failure = Get-Failure { Split-ItemZeroCopy disk.img parts -PartCount 4 }
        Assert-Failure $failure 'StaleParts,Splice.Commands.SplitItemZeroCopyCommand' ResourceExists "$folder/parts/disk.img.005" 'disk.img.005', 'disk.img.008', '-Force'
        (Get-ChildItem parts).Count | Should -Be 8
        $null = Split-ItemZeroCopy disk.img parts -PartCount 4 -Force -WhatIf
        (Get-ChildItem parts).Count | Should -Be 8
        $null = Split-ItemZeroCopy disk.img parts -PartCount 4 -Force
        (Get-ChildItem parts).Name | Should -Be 'disk.img.001', 'disk.img.002', 'disk.img.003', 'disk.img.004'
        $null = Join-ItemZeroCopy parts/disk.img.* whole
        Assert-Content "$folder/whole" $content
    }

    It 'cut what the kernel generates' {
        $parts = @(Split-ItemZeroCopy /proc/version parts -PartSize 10)
        $parts.Count | Should -BeGreaterThan 5
        $null = Join-ItemZeroCopy parts/version.* whole
        Get-Content whole -Raw | Should -BeExactly (Get-Content /proc/version -Raw)
    }

    It 'cut what has fewer bytes than its size, into as many parts as are wanted' {
        $generated = '/sys/kernel/mm/transparent_hugepage/enabled'
        if (-not (Test-Path $generated)) { Set-ItResult -Skipped -Because 'this kernel does not have it' }
        $parts = @(Split-ItemZeroCopy $generated parts -PartCount 2)
        $parts | Should -HaveCount 2
        $null = Join-ItemZeroCopy parts/enabled.* whole
        Get-Content whole -Raw | Should -BeExactly (cat $generated | Out-String)
    }

    It 'do nothing with -WhatIf' {
        Split-ItemZeroCopy disk.img parts -PartCount 2 -WhatIf
        Join-ItemZeroCopy disk.img, disk.img whole -WhatIf
        Get-ChildItem $folder -Recurse -File | Should -HaveCount 1
    }

    It 'bind <Name> with -PartSize or with -PartCount, and never with both or none' -ForEach @(
        @{ Name = 'a path'; Call = { param($by) Split-ItemZeroCopy disk.img parts @by } }
        @{ Name = 'a literal path'; Call = { param($by) Split-ItemZeroCopy -LiteralPath disk.img parts @by } }
        @{ Name = 'a path from the pipeline'; Call = { param($by) 'disk.img' | Split-ItemZeroCopy -Destination parts @by } }
        @{ Name = 'a file from the pipeline'; Call = { param($by) Get-Item disk.img | Split-ItemZeroCopy -Destination parts @by } }
        @{ Name = 'the path of a record'; Call = { param($by) [pscustomobject]@{ Path = 'disk.img' } | Split-ItemZeroCopy -Destination parts @by } }
        @{ Name = 'the PSPath of a record'; Call = { param($by) Get-Item disk.img | Select-Object PSPath | Split-ItemZeroCopy -Destination parts @by } }
    ) {
        & $Call @{ PartSize = [Math]::Ceiling($content.Length / 2) } | Should -HaveCount 2
        & $Call @{ PartCount = 3; Force = $true } | Should -HaveCount 3
        { & $Call @{ PartSize = 10; PartCount = 10 } } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
        $script = "Import-Module '$PSScriptRoot/../../out/Splice'; Set-Location '$folder'; try { & {$Call} @{} } catch { `$_.FullyQualifiedErrorId }"
        pwsh -NoProfile -NonInteractive -Command $script | Should -Match '^(MissingMandatoryParameter|AmbiguousParameterSet),'
    }

    It 'say what is wrong: <Id>' -ForEach @(
        @{ Id = 'TooManyParts'; Category = 'LimitsExceeded'; Call = { Split-ItemZeroCopy disk.img parts -PartCount 60000 } }
        @{ Id = 'InvalidNameFormat'; Category = 'InvalidArgument'; Call = { Split-ItemZeroCopy disk.img parts -PartCount 2 -NameFormat '{0}/{1}' } }
        @{ Id = 'SourceIsDirectory'; Category = 'InvalidType'; Call = { Split-ItemZeroCopy parts . -PartCount 2 } }
        @{ Id = 'NotSeekable'; Category = 'InvalidArgument'; Call = { Split-ItemZeroCopy /dev/zero parts -PartCount 2 } }
        @{ Id = 'DestinationFolderNotFound'; Category = 'ObjectNotFound'; Call = { Split-ItemZeroCopy disk.img nowhere -PartCount 2 } }
    ) {
        $failure = Get-Failure $Call
        $failure.FullyQualifiedErrorId | Should -Match "^$Id,Splice.Commands"
        $failure.CategoryInfo.Category | Should -Be $Category
        Assert-Content "$folder/disk.img" $content
        Get-ChildItem parts -Filter 'disk.img.0*' | Should -BeNullOrEmpty
    }
}
